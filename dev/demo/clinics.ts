import { type GeneratedClinic, type GeneratedEmployee, role_scopes } from '@zdravo/country-ua';
import type { Outbox } from '@zdravo/kit/messages';
import { type CertificateFiles, sign } from '@zdravo/signature';
import type { DevelopmentAuthority } from '../certificates.ts';
import type { SignIns } from '../sign-ins.ts';
import type { Api } from './api.ts';

/** What the stories play on: a platform, its messages and an authority that gives keys. */
export type Stage = { api: Api; outbox: () => Promise<Messages>; authority: DevelopmentAuthority; sign_ins: SignIns };
type Messages = ReturnType<Outbox['list']>;

export type StaffMember = { employee_id: string; token: string; email: string; password: string; tax_id: string };

export type Clinic = {
  legal_entity_id: string;
  /** Of the key that signed the registration. */
  signer_path: string;
  edrpou: string;
  client_secret: string;
  redirect_uri: string;
  division_id: string;
  owner: StaffMember;
  doctor: StaffMember & { employee_request_id: string; signer: CertificateFiles; signer_path: string };
};

const password = 'A-clinic-of-the-story-1';

/** The vendor's token, which registers clinics and reads events. */
export function signInVendor({ api, sign_ins }: Stage): Promise<string> {
  return api.signIn({
    ...sign_ins.mis,
    scope: role_scopes['MIS USER']!.filter((scope) => !scope.startsWith('user:')).join(' '),
  });
}

/** A token of the payer's officer. */
export function signInOfficer({ api, sign_ins }: Stage): Promise<string> {
  const scopes = [...role_scopes['NHS ADMIN']!, ...role_scopes['NHS_ADMIN_ADMIN']!];
  const scope = [...new Set(scopes)].filter((one) => !one.startsWith('user:')).join(' ');
  return api.signIn({ ...sign_ins.nhs_admin, scope });
}

/** A container as a MIS sends it: JSON, signed, base64. */
export function signed(content: unknown, signer: CertificateFiles): string {
  return Buffer.from(sign(Buffer.from(JSON.stringify(content)), signer)).toString('base64');
}

/** Registers a clinic by its signed document. */
export async function registerClinic(stage: Stage, mis_token: string, clinic: GeneratedClinic) {
  const prepared = await prepareRegistration(stage, clinic);
  const answer = await stage.api.expect('PUT', '/api/legal_entities', {
    token: mis_token,
    body: {
      signed_legal_entity_request: signed(prepared.content, prepared.signer),
      signed_content_encoding: 'base64',
    },
  });
  return { ...prepared, answer };
}

/** What a clinic signs to be registered, and its key. */
export async function prepareRegistration(stage: Stage, clinic: GeneratedClinic) {
  const { legal_entity } = clinic;
  const { id: _id, ...entity } = legal_entity;
  const owner = clinic.employees.find((one) => one.employee_type === 'OWNER')!;
  const { id: _party, no_tax_id: _no, ...party } = owner.party;
  const { path, files } = await stage.authority.issueSigner(`clinic-${entity.edrpou}`, {
    common_name: entity.name,
    organization_name: entity.name,
    edrpou: entity.edrpou,
    drfo: party.tax_id,
    surname: party.last_name,
    given_name: party.first_name,
  });
  const redirect_uri = 'http://localhost:4011/callback';
  const content = {
    ...entity,
    owner: { ...party, position: owner.position },
    security: { redirect_uri },
    public_offer: { consent: true, consent_text: 'Згода з умовами публічної оферти' },
  };
  return { content, signer: files, signer_path: path, owner, redirect_uri };
}

type Employer = { legal_entity_id: string; client_secret: string; redirect_uri: string };

/** The invited person opens the mail, sets a password, accepts, and signs in with the role's scopes. */
export async function acceptInvitation(
  stage: Stage,
  employer: Employer,
  employee: GeneratedEmployee,
): Promise<StaffMember> {
  const { email, tax_id } = employee.party;
  const approved = await answerInvitation(stage, email, 'approve');
  const token = await signInStaff(stage, employer, email, employee.employee_type);
  return { employee_id: approved.employee_id, token, email, password, tax_id };
}

/** A token with the role's scopes, as the clinic's program has it after sign-in and consent. */
export function signInStaff(stage: Stage, employer: Employer, email: string, role: string): Promise<string> {
  return stage.api.signIn({
    email,
    password,
    client_id: employer.legal_entity_id,
    client_secret: employer.client_secret,
    redirect_uri: employer.redirect_uri,
    scope: role_scopes[role]!.join(' '),
    api_key: stage.sign_ins.mis.client_secret,
  });
}

/** The invited person opens the mail, sets a password and says yes or no. @returns the employee request as it is then. */
export async function answerInvitation({ api, outbox, sign_ins }: Stage, email: string, answer: 'approve' | 'reject') {
  const invite = await findInvite(outbox, email);
  const alias = (await api.expect('GET', `/api/invite/${invite}`)).body.data.id;
  await api.expect('POST', `/api/employee_requests/${alias}/user`, { body: { password } });
  const scope = `employee_request:${answer}`;
  const token = { grant_type: 'password', email, password, client_id: sign_ins.login_client_id, scope };
  const signed_in = await api.expect('POST', '/oauth/tokens', { body: { token } });
  const answered = await api.expect('POST', `/api/employee_requests/${alias}/${answer}`, {
    token: signed_in.body.data.value,
    body: {},
  });
  return answered.body.data;
}

/** The newest invitation to an e-mail, from the mailbox. */
export async function findInvite(outbox: Stage['outbox'], email: string): Promise<string> {
  for (let attempt = 0; attempt < 200; attempt++) {
    for (const message of await outbox()) {
      if (message.kind !== 'mail' || message.to !== email) continue;
      const invite = /invite\?invite=([\w-]+)/.exec(message.text)?.[1];
      if (invite) return invite;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('the invitation did not arrive');
}

/** A place of care of the clinic. */
export async function openDivision(stage: Stage, owner_token: string, clinic: GeneratedClinic): Promise<string> {
  const { id: _id, mountain_group: _mountain, settlement_id: _settlement, ...division } = clinic.divisions[0]!;
  const answer = await stage.api.expect('POST', '/api/divisions', {
    token: owner_token,
    api_key: stage.sign_ins.mis.client_secret,
    body: { ...division, location: { longitude: 30.52, latitude: 50.45 } },
  });
  return answer.body.data.id;
}

/** The owner invites somebody; a doctor to a division. @returns the id of the employee request. */
export async function inviteEmployee(
  stage: Stage,
  owner_token: string,
  employee: GeneratedEmployee,
  division_id?: string,
): Promise<string> {
  const { id: _id, ...party } = employee.party;
  const { position, start_date, employee_type, doctor } = employee;
  const request = { position, start_date, status: 'NEW', employee_type, party };
  const at_division = division_id === undefined ? {} : { division_id };
  const answer = await stage.api.expect('POST', '/api/employee_requests', {
    token: owner_token,
    api_key: stage.sign_ins.mis.client_secret,
    body: { employee_request: { ...request, ...at_division, ...(doctor ? { doctor } : {}) } },
  });
  return answer.body.data.id;
}

/** A clinic with its owner, one division and one doctor who holds a key, all through the public API. */
export async function foundClinic(
  stage: Stage,
  mis_token: string,
  clinic: GeneratedClinic,
  speciality?: string,
): Promise<Clinic> {
  const { answer, owner, redirect_uri, signer_path } = await registerClinic(stage, mis_token, clinic);
  const { client_id: legal_entity_id, client_secret } = answer.body.urgent.security;
  const employer = { legal_entity_id, client_secret, redirect_uri };
  const owner_member = await acceptInvitation(stage, employer, owner);
  const division_id = await openDivision(stage, owner_member.token, clinic);
  const doctor = clinic.employees.find(
    (one) => one.employee_type === 'DOCTOR' && (speciality === undefined || one.speciality === speciality),
  )!;
  const employee_request_id = await inviteEmployee(stage, owner_member.token, doctor, division_id);
  const doctor_member = await acceptInvitation(stage, employer, doctor);
  const { path, files } = await stage.authority.issueSigner(`doctor-${doctor.party.tax_id}`, {
    common_name: `${doctor.party.last_name} ${doctor.party.first_name}`,
    surname: doctor.party.last_name,
    given_name: doctor.party.first_name,
    drfo: doctor.party.tax_id,
  });
  return {
    ...employer,
    signer_path,
    edrpou: clinic.legal_entity.edrpou,
    division_id,
    owner: owner_member,
    doctor: { ...doctor_member, employee_request_id, signer: files, signer_path: path },
  };
}
