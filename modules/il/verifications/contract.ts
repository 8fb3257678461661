import { Open, route } from '@zdravo/kit/contract';
import { Type } from 'typebox';
import { PhoneNumber } from '../schemas/fields.ts';

const tag = 'Verifications';
const reference = { tag, envelope: 'reference' } as const;
const params = Type.Object({ phone_number: PhoneNumber });

/** Clients send codes as numbers or as strings of digits. */
export const Code = Type.Union([
  Type.Integer({ minimum: 0, maximum: 9_999_999_999 }),
  Type.String({ pattern: '^[0-9]{4,10}$' }),
]);

export const contract = {
  createVerification: route({
    ...reference,
    method: 'POST',
    path: '/api/verifications',
    summary: 'Send a code to a telephone',
    access: { kind: 'scopes', scopes: ['otp:write'] },
    body: Open({ phone_number: PhoneNumber }),
    data: Type.Object({
      id: Type.String(),
      status: Type.String(),
      code_expired_at: Type.String(),
      active: Type.Boolean(),
    }),
  }),
  completeVerification: route({
    ...reference,
    method: 'PATCH',
    path: '/api/verifications/:phone_number/actions/complete',
    summary: 'Prove a telephone by the code that was sent to it',
    access: { kind: 'scopes', scopes: ['otp:write'] },
    params,
    body: Open({ code: Code }),
    data: Type.Object({
      id: Type.String(),
      status: Type.String(),
      code_expired_at: Type.String(),
      active: Type.Boolean(),
    }),
    idempotent: false,
  }),
  getVerification: route({
    ...reference,
    method: 'GET',
    path: '/api/verifications/:phone_number',
    summary: 'Whether the telephone was proved to this legal entity lately; 404 otherwise',
    access: { kind: 'scopes', scopes: ['otp:read'] },
    params,
    data: Type.Object({ phone_number: Type.String() }),
  }),
};
