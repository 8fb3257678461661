/** The 67 scopes that the dictionary SCOPES of API v2.0 lists (domain.md Annex D). */
export const dictionary_scopes: string[] = `
address:read address:write bl_user:deactivate bl_user:read bl_user:write declaration:approve declaration:read
declaration:reject declaration_request:approve declaration_request:read declaration_request:reject
declaration_request:sign declaration_request:write declaration_request_images:read dictionary:read dictionary:write
division:activate division:deactivate division:details division:read division:write drugs:read employee:deactivate
employee:details employee:read employee:write employee_request:approve employee_request:read employee_request:reject
employee_request:write global_parameters:read global_parameters:write innm:read innm:write innm_dosage:deactivate
innm_dosage:read innm_dosage:write legal_entity:deactivate legal_entity:mis_verify legal_entity:nhs_verify
legal_entity:read legal_entity:write medical_program:deactivate medical_program:write medication:deactivate
medication:read medication:write medication_dispense:process medication_dispense:read medication_dispense:reject
medication_dispense:write medication_request:details medication_request:read medication_request:reject
medication_request:resend medication_request_request:read medication_request_request:reject
medication_request_request:sign medication_request_request:write otp:read otp:write person:reset_authentication_method
program_medication:deactivate program_medication:read program_medication:write reimbursement_report:read role:read`
  .trim()
  .split(/\s+/);
