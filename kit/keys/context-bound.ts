import { randomBytes } from 'node:crypto';
import { KeyError, type KeyProvider, KeyServiceError } from './provider.ts';

/**
 * Tries out that a key service binds what it wraps to its context: one that ignores it would let a wrapped key be moved
 * to another owner, and nothing else would show it.
 * @throws KeyServiceError when it opens under another context, or does not open under its own.
 */
export async function assertContextBound(provider: KeyProvider, remedy: string): Promise<void> {
  const data_key = randomBytes(32);
  const context = { module: 'kit', purpose: 'trial', owner_id: '00000000-0000-4000-8000-000000000001' };
  const wrapped = await provider.wrap(data_key, context);
  const opened = await provider.unwrap(wrapped, context);
  if (Buffer.compare(opened, data_key) !== 0)
    throw new KeyServiceError('key_service_refused', 'The key service does not give back what it wrapped.');
  const other = { ...context, owner_id: '00000000-0000-4000-8000-000000000002' };
  const is_bound = await provider.unwrap(wrapped, other).then(
    () => false,
    (error: unknown) => error instanceof KeyError && error.code === 'key_refused',
  );
  if (is_bound) return;
  throw new KeyServiceError('key_service_refused', `The key service does not bind keys to their context. ${remedy}`);
}
