import { Problem } from '../problem/index.ts';

/** What a wrapped key is bound to; it opens only under the same context. */
export type KeyContext = { module: string; purpose: string; owner_id: string };

/** The same in one unambiguous form, for providers that bind bytes. */
export function contextBytes({ module, purpose, owner_id }: KeyContext): Buffer {
  return Buffer.from(JSON.stringify([module, purpose, owner_id]));
}

export type WrappedKey = {
  /** Generation of the key-encryption key, kept in clear beside the wrapped bytes. */
  key_id: string;
  bytes: Uint8Array;
};

/**
 * Wraps data keys under key-encryption keys that never leave it: a file, Vault or a KMS. Rotation adds a generation;
 * older ones still unwrap. Errors of all: `KeyError` for one key or generation, `KeyServiceError` for the service.
 */
export type KeyProvider = {
  /** Wrapping and unwrapping are requests to a service. */
  is_remote: boolean;
  current_key_id(): string;
  wrap(data_key: Uint8Array, context: KeyContext): Promise<WrappedKey>;
  /** @throws KeyError when the generation is not known or the bytes or the context were altered. */
  unwrap(wrapped: WrappedKey, context: KeyContext): Promise<Uint8Array>;
  /**
   * A key for blind indexes and the like, the same at every call, per generation and purpose (HKDF, RFC 5869; services:
   * HMAC-SHA-256). `1` is the first generation of any provider: what must never change is derived from that.
   */
  derive(purpose: string, key_id?: string): Promise<Uint8Array>;
  /** Learns of a generation that was added since: `current_key_id` is the newest one afterwards. */
  refresh(): Promise<void>;
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

/**
 * A key service gave no usable answer (`key_service_unavailable`) or will not serve this process (`key_service_refused`).
 * It says nothing of any key, so it is no `KeyError`: who leaves unreadable records out must not leave these out.
 * Callers get 503; `hint` is for the operator and stands in the log.
 */
export class KeyServiceError extends Problem {
  readonly hint: string;

  constructor(code: 'key_service_unavailable' | 'key_service_refused', hint: string, cause?: unknown) {
    super({ status: 503, code, message: 'The key service cannot be used at present.', retry_after_s: 5, cause });
    this.name = 'KeyServiceError';
    this.hint = hint;
  }
}
