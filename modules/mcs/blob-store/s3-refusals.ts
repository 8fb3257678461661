import type { BlobErrorCode } from './blob-store.ts';

const code_of_name: Record<string, BlobErrorCode> = {
  NoSuchKey: 'not_found',
  NoSuchBucket: 'not_found',
  PreconditionFailed: 'precondition_failed',
  ConditionalRequestConflict: 'already_exists',
  XAmzContentSHA256Mismatch: 'sha256_mismatch',
  IncompleteBody: 'size_mismatch',
  EntityTooLarge: 'too_large',
  InvalidRange: 'range_not_satisfiable',
  ObjectDamaged: 'damaged',
};

/** What an S3 refusal means to a caller of the port: by its name, else by its status (HEAD has no body). */
export function refusalCode(status: number, answer: string): BlobErrorCode {
  const name = /<Code>(\w+)<\/Code>/.exec(answer)?.[1] ?? '';
  const named = code_of_name[name];
  if (named) return named;
  if (status === 404) return 'not_found';
  if (status === 412) return 'precondition_failed';
  if (status === 416) return 'range_not_satisfiable';
  if (status === 401 || status === 403) return 'access_denied';
  return status >= 500 ? 'unavailable' : 'invalid_request';
}
