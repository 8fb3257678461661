/**
 * Every way in which this library refuses. Codes are stable and may be branched on; messages may change.
 */
export const TLOG_ERROR_CODES = {
  too_large: 'the input is above the limit set for it',
  utf8_invalid: 'the bytes are not valid UTF-8',
  base64_invalid: 'the text is not canonical, padded base64 (RFC 4648 §4)',
  number_invalid: 'the text is not a canonical decimal within its range',
  hash_invalid: 'a hash is not 32 bytes',
  range_invalid: 'a size, an index or an interval is outside of the tree',
  proof_invalid: 'a Merkle proof does not lead to the root',
  frontier_malformed: 'the serialised frontier cannot be read',
  note_malformed: 'the bytes are not a signed note',
  key_malformed: 'a verifier or signer key cannot be read',
  key_unsupported: 'the key has a signature type that is not supported here',
  signature_invalid: 'a signature by a known key does not verify',
  signature_missing: 'no trusted key has signed',
  checkpoint_malformed: 'the note text is not a checkpoint',
  tile_path_invalid: 'the path does not name a tile or an entry bundle',
  tile_malformed: 'the tile has another length than its path says',
  tile_missing: 'a tile needed for the answer is not in the store',
  tile_conflict: 'other bytes are already stored under this immutable path',
  bundle_malformed: 'the entry bundle cannot be read',
  entry_too_large: 'an entry is longer than a bundle can hold (65,535 bytes)',
  receipt_malformed: 'the bytes are not a tlog-proof receipt',
  promise_malformed: 'the bytes are not a promise of a log',
  policy_malformed: 'the policy file breaks a rule of tlog-policy',
  origin_unknown: 'the policy knows no log of this origin',
  quorum_missing: 'too few witnesses of the policy have cosigned',
  witness_request_malformed: 'the add-checkpoint request cannot be read',
  witness_answer_malformed: 'the witness answered something that is not in the protocol',
  store_locked: 'another living process owns this directory',
  store_closed: 'the store was closed',
  store_name_invalid: 'the name cannot be a file of the store',
  json_malformed: 'the bytes are not JSON (RFC 8259)',
  json_duplicate_member: 'an object names one member twice',
  json_too_deep: 'the value is nested deeper than allowed',
  json_number_unsafe: 'the number cannot be held exactly (RFC 7493 §2.2)',
  json_not_encodable: 'the value has no canonical JSON form',
} as const;

export type TlogErrorCode = keyof typeof TLOG_ERROR_CODES;

/** The only error that this library throws on purpose: `code` says which rule was broken, the message says where. */
export class TlogError extends Error {
  override readonly name = 'TlogError';
  readonly code: TlogErrorCode;

  constructor(code: TlogErrorCode, detail?: string, options?: ErrorOptions) {
    super(detail === undefined ? TLOG_ERROR_CODES[code] : `${TLOG_ERROR_CODES[code]}: ${detail}`, options);
    this.code = code;
  }
}
