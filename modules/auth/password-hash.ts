import { randomBytes, type ScryptOptions, scrypt } from 'node:crypto';
import { unavailable } from '@zdravo/kit/problem';
import { sameBytes } from './secrets.ts';

export type PasswordHasher = {
  hash(password: string): Promise<string>;
  /** Whether `password` made `stored`. Without a stored hash it takes as long and answers false. */
  verify(password: string, stored: string | null | undefined): Promise<boolean>;
};

const block_size = 8;
const parallelism = 5;
const key_bytes = 32;
const at_once = 2;
const most_waiting = 256;

type Derivation = { password: string; salt: Buffer } & Required<Pick<ScryptOptions, 'N' | 'r' | 'p'>>;

/**
 * scrypt (RFC 7914) as `scrypt$log2N$r$p$salt$key`. At most two run at once, so that a storm of sign-ins leaves the
 * thread pool to others; beyond a queue of 256 callers are asked to come back.
 */
export function createPasswordHasher(cost_log2: number, run = runScrypt): PasswordHasher {
  const limited = createLimiter();
  const derive = (password: string, salt: Buffer, log2: number, r: number, p: number) =>
    limited(() => run({ password, salt, N: 2 ** log2, r, p }));
  const decoy_salt = randomBytes(16);

  async function hash(password: string) {
    const salt = randomBytes(16);
    const key = await derive(password, salt, cost_log2, block_size, parallelism);
    return ['scrypt', cost_log2, block_size, parallelism, salt.toString('base64'), key.toString('base64')].join('$');
  }

  async function verify(password: string, stored: string | null | undefined) {
    const [, log2, r, p, salt, key] = (stored ?? '').split('$');
    if (!salt || !key) {
      await derive(password, decoy_salt, cost_log2, block_size, parallelism);
      return false;
    }
    const derived = await derive(password, Buffer.from(salt, 'base64'), Number(log2), Number(r), Number(p));
    return sameBytes(derived, Buffer.from(key, 'base64'));
  }

  return { hash, verify };
}

/** The one dear step, which a test counts. */
export function runScrypt({ password, salt, ...cost }: Derivation): Promise<Buffer> {
  const options = { ...cost, maxmem: 256 * 1024 * 1024 };
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFC'), salt, key_bytes, options, (error, key) => (error ? reject(error) : resolve(key)));
  });
}

function createLimiter() {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async function limited<Result>(work: () => Promise<Result>): Promise<Result> {
    if (running >= at_once) {
      if (waiting.length >= most_waiting) throw unavailable('Too many are signing in just now.', 2, 'sign_in_busy');
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else running += 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  };
}
