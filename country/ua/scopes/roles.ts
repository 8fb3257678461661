/**
 * Which scopes each role and each type of client may hold (domain.md Annex D). A token's scope is at most the intersection
 * of its client's type with the union of its user's roles for that client.
 */
export const role_scopes: Record<string, string[]> = {
  ADMIN: words(`
    declaration:read declaration_request:approve,read,reject,sign,write division:details,read employee:read
    employee_request:approve,reject legal_entity:read otp:read,write person:read`),
  DOCTOR: words(`
    declaration:read declaration_request:approve,read,sign,write division:read employee:read
    employee_request:approve,read,reject legal_entity:read otp:read,write person:read`),
  HR: words(`
    division:activate,deactivate,details,read,write employee:deactivate,details,read,write
    employee_request:approve,read,reject,write legal_entity:read`),
  'MIS USER': words(`
    event:read legal_entity:mis_verify,read,write role:read user:approve_factor,request_factor`),
  'MITHRIL ADMIN': words(`
    app:delete,read,write authentication_factor:read,write client:delete,read,write client_type:delete,read,write
    role:delete,read,write token:delete,read,write user:approve_factor,block,delete,read,request_factor,unblock,write`),
  'NHS ADMIN': words(`
    bl_user:deactivate,read,write capitation_report:read,write contract:read,terminate,write decision:decide,read
    decision_table:publish,read,write signal:read,write declaration:approve,reject,terminate declaration_documents:read digital_signature:verify employee:read
    employee_request:read,write global_parameters:read,write innm:read,write innm_dosage:deactivate,read,write
    legal_entity:deactivate,nhs_verify,read medical_program:deactivate,read,write medication:deactivate,read,write
    medication_dispense:read,reject medication_request:details,read party_user:read
    person:details,read,reset_authentication_method person_erasure:approve,read,write program_medication:read,write
    search_canary:read search_lock:lift person_review:read,write linkage_model:approve,write person:unmerge
    register:read,write register_entry:read reimbursement_report:download user:approve_factor,request_factor`),
  NHS_ADMIN_ADMIN: words(`
    dictionary:write global_parameters:read,write user:approve_factor,request_factor`),
  'NHS ADMIN MANAGE': words(`
    legal_entity:read user:approve_factor,request_factor`),
  'NHS ADMIN SUPPORT': words(`
    declaration:read employee:read legal_entity:read user:approve_factor,request_factor`),
  'NHS ADMIN VERIFIER': words(`
    declaration:approve,read employee:read legal_entity:deactivate,nhs_verify,read user:approve_factor,request_factor`),
  'NHS ADMIN SIGNER': words(`
    contract:read,terminate contract_request:create,read,sign,terminate,update employee:read`),
  OWNER: words(`
    capitation_report:read client:read declaration:read declaration_request:approve,read,reject,write
    division:activate,deactivate,details,read,write employee:deactivate,details,read,write
    employee_request:approve,read,reject,write legal_entity:read otp:read,write person:read reimbursement_report:read
    secret:refresh`),
  PHARMACIST: words(`
    declaration:read division:read employee:read employee_request:approve,read,reject legal_entity:read
    medication_dispense:process,read,reject,write medication_request:details`),
  PHARMACY_OWNER: words(`
    client:read declaration:read division:activate,deactivate,details,read,write employee:deactivate,details,read,write
    employee_request:approve,read,reject,write legal_entity:read medication_request:details otp:read,write
    reimbursement_report:read secret:refresh`),
  // Not of the reference: those who own the decision tables, apart from those who use what the tables decide.
  ANALYST: words(`
    capitation_report:read decision:decide,read decision_table:publish,read,write signal:read
    user:approve_factor,request_factor`),
  'UADDRESSES ADMIN': words(`
    address:read,write user:approve_factor,request_factor`),
  CABINET: words(`
    app:authorize cabinet:read declaration:read declaration_request:read,terminate,write employee_request:approve,reject
    person:read user:approve_factor,change_password,request_factor`),
};

export const client_type_scopes: Record<string, string[]> = {
  PHARMACY: words(`
    client:read declaration:read declaration_request:approve,read,reject,sign,write
    division:activate,deactivate,details,read,write employee:deactivate,details,read,write
    employee_request:approve,read,reject,write legal_entity:read medical_program:deactivate,read,write
    medication_dispense:process,read,reject,write medication_request:details otp:read,write reimbursement_report:read
    secret:refresh`),
  MSP: words(`
    capitation_report:read client:read declaration:read declaration_request:approve,read,reject,sign,write
    division:activate,deactivate,details,read,write drugs:read employee:deactivate,details,read,write
    employee_request:approve,read,reject,write legal_entity:read medication_dispense:read
    medication_request:details,read,reject,resend medication_request_request:read,reject,sign,write otp:read,write
    person:read reimbursement_report:read secret:refresh`),
  'NHS ADMIN': words(`
    bl_user:deactivate,read,write capitation_report:read,write contract:read,terminate,write decision:decide,read
    decision_table:publish,read,write signal:read,write declaration:approve,read,reject,terminate,write declaration_documents:read digital_signature:verify
    declaration_request:read,write dictionary:write employee:deactivate,read,write employee_request:read,write
    global_parameters:read,write innm:read,write innm_dosage:deactivate,read,write
    legal_entity:deactivate,nhs_verify,read medical_program:deactivate,read,write medication:deactivate,read,write
    medication_dispense:read,reject medication_request:details,read party_user:read
    person:details,read,reset_authentication_method person_erasure:approve,read,write program_medication:read,write
    search_canary:read search_lock:lift person_review:read,write linkage_model:approve,write person:unmerge
    register:read,write register_entry:read reimbursement_report:download user:approve_factor,request_factor`),
  'MITHRIL ADMIN': words(`
    app:delete,read,write authentication_factor:read,write client:delete,read,write client_type:delete,read,write
    role:delete,read,write token:delete,read,write user:approve_factor,block,delete,read,request_factor,unblock,write`),
  MIS: words(`
    event:read legal_entity:mis_verify,read,write role:read`),
  'UADDRESSES ADMIN': words(`
    address:read,write user:approve_factor,request_factor`),
  Auth_FE: words(`
    app:authorize employee_request:approve,reject user:approve_factor,request_factor`),
  CABINET: words(`
    app:authorize cabinet:read declaration:read declaration_request:read,terminate,write employee_request:approve,reject
    person:read user:approve_factor,change_password,request_factor`),
};

/** `declaration:read,write otp:read` → declaration:read, declaration:write, otp:read. */
function words(table: string): string[] {
  return table
    .trim()
    .split(/\s+/)
    .flatMap((cell) => {
      const [resource, actions = ''] = cell.split(':');
      return actions.split(',').map((action) => `${resource}:${action}`);
    });
}
