/** The signature type bytes of c2sp.org/signed-note that this library can verify. Others are refused as `key_unsupported`. */
export const SIGNATURE_TYPES = {
  /** Ed25519 over the note text. */
  ed25519: 0x01,
  /** Time-stamped Ed25519 cosignature of a checkpoint (c2sp.org/tlog-cosignature). */
  ed25519_cosignature: 0x04,
  /** Time-stamped ML-DSA-44 cosignature of a checkpoint (same specification): safe against quantum computers. */
  ml_dsa_44_cosignature: 0x06,
} as const;

export type SignatureType = (typeof SIGNATURE_TYPES)[keyof typeof SIGNATURE_TYPES];
