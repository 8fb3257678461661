import type { DeclarationPerson, GeneratedClinic, GeneratedEmployee } from '@zdravo/country-ua';
import type { Answer } from './api.ts';
import {
  acceptInvitation,
  answerInvitation,
  type Clinic,
  inviteEmployee,
  type StaffMember,
  type Stage,
} from './clinics.ts';
import { approveRequest, contentToSign, createRequest, provePhone, sendSigned } from './declarations.ts';

// What the story leaves to API tools: one thing of each kind in each state that a client may need (design.md §8).

export type SignedDeclaration = { id: string; status: string; person_id: string };

/** Whoever is employed, or asked to be, in a clinic besides its owner and first doctor. */
type Staff = { hr: StaffMember; invited: string; declined: string };

/** A member of staff for personnel; a doctor who has not answered yet, and one who said no. */
export async function openStaff(stage: Stage, clinic: Clinic, generated: GeneratedClinic): Promise<Staff> {
  const of_type = (type: GeneratedEmployee['employee_type']) =>
    generated.employees.filter(({ employee_type }) => employee_type === type);
  const [hr] = of_type('HR');
  const [waiting, declining] = of_type('DOCTOR').filter(({ party }) => party.tax_id !== clinic.doctor.tax_id);
  const { token } = clinic.owner;
  await inviteEmployee(stage, token, hr!);
  const invited = await inviteEmployee(stage, token, waiting!, clinic.division_id);
  const declined = await inviteEmployee(stage, token, declining!, clinic.division_id);
  await answerInvitation(stage, declining!.party.email, 'reject');
  return { hr: await acceptInvitation(stage, clinic, hr!), invited, declined };
}

type Requests = { fresh: string; approved: string; rejected: string; signed: string; declaration: SignedDeclaration };

/** One declaration request in each state; the signed one has an active declaration. */
export async function openRequests(stage: Stage, clinic: Clinic, people: DeclarationPerson[]): Promise<Requests> {
  const made = async (person: DeclarationPerson) => {
    await provePhone(stage, clinic, (person.authentication_methods[0] as { phone_number: string }).phone_number);
    return createRequest(stage, clinic, person);
  };
  const idOf = ({ body }: Answer): string => body.data.id;
  const fresh = idOf(await made(people[0]!));
  const rejected = idOf(await made(people[1]!));
  const approved = await made(people[2]!);
  const signed = await made(people[3]!);
  await approveRequest(stage, clinic, approved);
  await approveRequest(stage, clinic, signed);
  const answer = await sendSigned(stage, clinic, idOf(signed), await contentToSign(stage, clinic, idOf(signed)));
  await stage.api.expect('PATCH', `/api/declaration_requests/${rejected}/actions/reject`, {
    token: clinic.doctor.token,
    api_key: stage.sign_ins.mis.client_secret,
    body: {},
  });
  return { fresh, rejected, approved: idOf(approved), signed: idOf(signed), declaration: answer.body.data };
}

type Cast = {
  stage: Stage;
  mis: string;
  officer: string;
  first: Clinic;
  second: Clinic;
  staff: Staff;
  requests: Requests;
  declarations: { terminated: SignedDeclaration; pending: SignedDeclaration };
  capitation: { id: string };
};

export type Environment = ReturnType<typeof environmentOf>;

/** What API tools need to go on where the story ends; `client`, `signers` and `ids` are of the first clinic. */
export function environmentOf(cast: Cast) {
  const { stage, mis, officer, first, second, staff } = cast;
  return {
    base_url: stage.api.address,
    tokens: {
      mis,
      owner: first.owner.token,
      hr: staff.hr.token,
      doctor: first.doctor.token,
      nhs_admin: officer,
      second_owner: second.owner.token,
      second_doctor: second.doctor.token,
    },
    client: {
      id: first.legal_entity_id,
      secret: first.client_secret,
      redirect_uri: first.redirect_uri,
      api_key: stage.sign_ins.mis.client_secret,
    },
    signers: {
      legal_entity: first.signer_path,
      doctor: first.doctor.signer_path,
      second_doctor: second.doctor.signer_path,
    },
    ids: idsOf(cast),
  };
}

function idsOf({ first, second, staff, requests, declarations, capitation }: Cast) {
  return {
    legal_entity: first.legal_entity_id,
    second_legal_entity: second.legal_entity_id,
    division: first.division_id,
    employee: first.doctor.employee_id,
    owner: first.owner.employee_id,
    hr: staff.hr.employee_id,
    employee_request_new: staff.invited,
    employee_request_approved: first.doctor.employee_request_id,
    employee_request_rejected: staff.declined,
    declaration_request_new: requests.fresh,
    declaration_request_approved: requests.approved,
    declaration_request_rejected: requests.rejected,
    declaration_request_signed: requests.signed,
    declaration: requests.declaration.id,
    declaration_pending: declarations.pending.id,
    declaration_terminated: declarations.terminated.id,
    person: requests.declaration.person_id,
    capitation_report: capitation.id,
  };
}
