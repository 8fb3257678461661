import { Nullable, Open, route } from '@zdravo/kit/contract';
import { Type } from 'typebox';
import { SignedContent, SignedContentEncoding, signed_body_limit_bytes } from '../signed-documents.ts';

const text = Nullable(Type.String());

const Signer = Type.Object({
  /** Of a person: the tax number, or the number of a passport. Text: letters and leading zeros occur. */
  drfo: text,
  /** Of an organisation in the state register. */
  edrpou: text,
  surname: text,
  given_name: text,
  common_name: text,
  organization_name: text,
  organizational_unit_name: text,
  title: text,
  country_name: text,
  state_or_province_name: text,
  locality_name: text,
  serial_number: text,
});

export const contract = {
  verifyDigitalSignatures: route({
    method: 'POST',
    path: '/api/digital_signatures',
    tag: 'Digital signatures',
    summary: 'Verify a signed container: its content, and one result for each signature',
    description:
      'Envelopes around each other are opened, the outermost first; each holds one signature. An answer 200 is a verdict, not a pass: ' +
      '`is_valid` of every signature says whether it holds, and none is valid when the container as a whole is refused. ' +
      'What is no signed container is 422. There is no way to skip the check.',
    access: { kind: 'scopes', scopes: ['digital_signature:verify'] },
    envelope: 'reference',
    body: Open({
      signed_content: SignedContent,
      signed_content_encoding: SignedContentEncoding,
      check: Type.Optional(Type.Literal(true)),
    }),
    data: Type.Object({
      /** Parsed JSON, or null when the content is something else. */
      content: Type.Unknown(),
      signatures: Type.Array(
        Type.Object({
          is_valid: Type.Boolean(),
          /** A seal of an organisation. */
          is_stamp: Type.Boolean(),
          signer: Signer,
          /** Empty when valid. */
          validation_error_message: Type.String(),
        }),
      ),
    }),
    status: 200,
    body_limit_bytes: signed_body_limit_bytes + 4096,
    idempotent: false,
  }),
};
