import { type DeclarationPerson, fillIn, message_texts } from '@zdravo/country-ua';
import { sampleJpeg } from '@zdravo/mcs';
import type { CertificateFiles } from '@zdravo/signature';
import type { Answer } from './api.ts';
import { type Clinic, type Stage, signed } from './clinics.ts';

/** The doctor's token with the scope to sign, which the role of a doctor has. */
function asDoctor({ sign_ins }: Stage, clinic: Clinic) {
  return { token: clinic.doctor.token, api_key: sign_ins.mis.client_secret };
}

/** The patient reads the code on the phone and tells it. */
export async function readCode({ outbox }: Stage, phone: string, after = 0): Promise<string> {
  const pattern = new RegExp(fillIn(message_texts.verification_code, { code: '(\\d+)' }).replace('.', '\\.'));
  for (let attempt = 0; attempt < 200; attempt++) {
    const sms = (await outbox()).filter((one) => one.kind === 'sms' && one.phone === phone);
    if (sms.length > after) return pattern.exec(sms[0]!.kind === 'sms' ? sms[0]!.text : '')![1]!;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('the code did not arrive');
}

/** How many codes have come to a phone so far. */
export async function countCodes({ outbox }: Stage, phone: string): Promise<number> {
  return (await outbox()).filter((one) => one.kind === 'sms' && one.phone === phone).length;
}

/** The phone is proved to the clinic before a declaration names it. */
export async function provePhone(stage: Stage, clinic: Clinic, phone: string): Promise<void> {
  const known = await stage.api.call('GET', `/api/verifications/${encodeURIComponent(phone)}`, asDoctor(stage, clinic));
  if (known.status === 200) return;
  const before = await countCodes(stage, phone);
  await stage.api.expect('POST', '/api/verifications', { ...asDoctor(stage, clinic), body: { phone_number: phone } });
  const code = Number(await readCode(stage, phone, before));
  const path = `/api/verifications/${encodeURIComponent(phone)}/actions/complete`;
  await stage.api.expect('PATCH', path, { ...asDoctor(stage, clinic), body: { code } });
}

export function createRequest(stage: Stage, clinic: Clinic, person: DeclarationPerson): Promise<Answer> {
  return stage.api.call('POST', '/api/declaration_requests', {
    ...asDoctor(stage, clinic),
    body: {
      declaration_request: {
        person,
        employee_id: clinic.doctor.employee_id,
        division_id: clinic.division_id,
        scope: 'family_doctor',
      },
    },
  });
}

/** Approves a new request: by the code from the phone, by uploads, or by nothing (NA). */
export async function approveRequest(
  stage: Stage,
  clinic: Clinic,
  created: Answer,
  options: { phone?: string; codes_before?: number } = {},
) {
  const { id } = created.body.data;
  const { authentication_method_current: method, documents } = created.body.urgent;
  for (const { url } of documents ?? []) await uploadScan(url);
  const code = method.type === 'OTP' ? Number(await readCode(stage, options.phone!, options.codes_before)) : undefined;
  return stage.api.call('PATCH', `/api/declaration_requests/${id}/actions/approve`, {
    ...asDoctor(stage, clinic),
    ...(code === undefined ? {} : { body: { verification_code: code } }),
  });
}

async function uploadScan(url: string): Promise<void> {
  const response = await fetch(url, {
    method: 'PUT',
    headers: { 'content-type': 'image/jpeg' },
    body: new Uint8Array(sampleJpeg()),
  });
  if (response.status !== 200) throw new Error(`the upload answered ${response.status}`);
}

/** What the doctor's program signs: `$.data` of the request with `patient_signed` made true, and nothing else changed. */
export async function contentToSign(stage: Stage, clinic: Clinic, id: string) {
  const { body } = await stage.api.expect('GET', `/api/declaration_requests/${id}`, asDoctor(stage, clinic));
  return { ...body.data, person: { ...body.data.person, patient_signed: true } };
}

export function sendSigned(
  stage: Stage,
  clinic: Clinic,
  id: string,
  content: unknown,
  signer: CertificateFiles = clinic.doctor.signer,
) {
  return stage.api.call('PATCH', `/api/declaration_requests/${id}/actions/sign`, {
    ...asDoctor(stage, clinic),
    body: { signed_declaration_request: signed(content, signer), signed_content_encoding: 'base64' },
  });
}

/** The whole way of one patient to one doctor. @returns the answer to the signature. */
export async function declare(stage: Stage, clinic: Clinic, person: DeclarationPerson): Promise<Answer> {
  const phone =
    person.authentication_methods[0]?.type === 'OTP' ? person.authentication_methods[0].phone_number : undefined;
  if (phone) await provePhone(stage, clinic, phone);
  const codes_before = phone ? await countCodes(stage, phone) : 0;
  const created = await createRequest(stage, clinic, person);
  if (created.status !== 200) return created;
  const approved = await approveRequest(stage, clinic, created, { ...(phone ? { phone } : {}), codes_before });
  if (approved.status !== 200) return approved;
  const { id } = created.body.data;
  return sendSigned(stage, clinic, id, await contentToSign(stage, clinic, id));
}
