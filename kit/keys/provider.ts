/** What a wrapped key is bound to; it opens only under the same context. */
export type KeyContext = { module: string; purpose: string; owner_id: string };

export type WrappedKey = {
  /** Generation of the key-encryption key, kept in clear beside the wrapped bytes. */
  key_id: string;
  bytes: Uint8Array;
};

/**
 * Wraps data keys under key-encryption keys that never leave it: a file here, Vault or a KMS in production. Rotation
 * adds a generation; older ones still unwrap.
 */
export type KeyProvider = {
  current_key_id(): string;
  wrap(data_key: Uint8Array, context: KeyContext): Promise<WrappedKey>;
  /** @throws KeyError when the generation is not known or the bytes or the context were altered. */
  unwrap(wrapped: WrappedKey, context: KeyContext): Promise<Uint8Array>;
  /** A key for blind indexes and the like, the same at every call, per generation and purpose (HKDF, RFC 5869). */
  derive(purpose: string, key_id?: string): Promise<Uint8Array>;
};

/** A key is missing, lost or does not open what it should; `hint` tells the operator what to do. */
export class KeyError extends Error {
  readonly code: 'key_unknown' | 'key_refused' | 'key_file_unusable';
  readonly hint: string;

  constructor(code: KeyError['code'], message: string, hint: string, cause?: unknown) {
    super(`${message} ${hint}`, { cause });
    this.name = 'KeyError';
    this.code = code;
    this.hint = hint;
  }
}
