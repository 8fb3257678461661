import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createAwsKmsProvider,
  createFileKeyProvider,
  createKeyFile,
  createVaultTransitProvider,
  type KeyProvider,
  rotateKeyFile,
} from '../keys/index.ts';
import { startKmsStandIn } from './kms-stand-in.ts';
import { startVaultStandIn } from './vault-stand-in.ts';

/** One module's keys at one kind of provider, with what an operator does to them; for tests of rotation. */
export type KeysUnderTest = {
  /** As another process would. */
  open(): Promise<KeyProvider>;
  rotate(): Promise<void>;
  /** After the re-wrapping: generations before the newest one are taken away for good. */
  retireOlder(): Promise<void>;
  close(): Promise<unknown>;
};

/** Every kind of key provider, by the name that `ZDRAVO_KEYS` has for it. */
export const key_kinds: Record<string, () => Promise<KeysUnderTest>> = {
  file: startFile,
  vault: startVault,
  'aws-kms': startKms,
};

async function startFile(): Promise<KeysUnderTest> {
  const directory = await mkdtemp(join(tmpdir(), 'zdravo-key-kind-'));
  const path = join(directory, 'keys.json');
  await createKeyFile(path);
  return {
    open: () => createFileKeyProvider(path),
    rotate: async () => void (await rotateKeyFile(path)),
    retireOlder: async () => {
      const { current, keys } = JSON.parse(await readFile(path, 'utf8')) as {
        current: string;
        keys: Record<string, string>;
      };
      await writeFile(path, JSON.stringify({ current, keys: { [current]: keys[current] } }));
    },
    close: () => rm(directory, { recursive: true }),
  };
}

async function startVault(): Promise<KeysUnderTest> {
  const vault = await startVaultStandIn({ keys: ['k'] });
  let newest = 1;
  return {
    open: () => createVaultTransitProvider({ endpoint: vault.endpoint, key_name: 'k', token: () => vault.token }),
    rotate: async () => {
      vault.rotate('k');
      newest += 1;
    },
    retireOlder: async () => vault.retireBelow('k', newest),
    close: vault.close,
  };
}

async function startKms(): Promise<KeysUnderTest> {
  const kms = await startKmsStandIn();
  const arns = [kms.pointAlias('k', 'SYMMETRIC_DEFAULT')];
  kms.pointAlias('k-mac', 'HMAC_256');
  const credentials = () => {
    const { AccessKeyId, SecretAccessKey, SessionToken } = kms.secrets();
    return { access_key_id: AccessKeyId, secret_access_key: SecretAccessKey, session_token: SessionToken! };
  };
  const { endpoint, region } = kms;
  return {
    open: () => createAwsKmsProvider({ endpoint, region, credentials, key_id: 'alias/k', mac_key_id: 'alias/k-mac' }),
    rotate: async () => void arns.push(kms.pointAlias('k', 'SYMMETRIC_DEFAULT')),
    retireOlder: async () => {
      for (const arn of arns.slice(0, -1)) kms.deleteKey(arn);
    },
    close: kms.close,
  };
}
