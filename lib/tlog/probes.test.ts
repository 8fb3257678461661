import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { test } from 'node:test';
import { verifyConsistency } from './consistency.ts';
import { verifyInclusion } from './inclusion.ts';
import { unlessRefused } from './testing/refusals.ts';

/** Public probes of another implementation (transparency-dev/merkle), read when they are beside the checkout. */
const PROBES = join(import.meta.dirname, '../../../shared/data/tlog');
const skip = existsSync(PROBES) ? false : 'the public probes are not beside this checkout';

type Probe = { desc: string; wantErr: boolean; proof: string[] | null } & Record<string, string>;

test('all inclusion probes of transparency-dev/merkle get the verdict they ask for', { skip }, () => {
  const verdicts = judge('inclusion', (probe) =>
    verifyInclusion({
      index: BigInt(probe.leafIdx!),
      size: BigInt(probe.treeSize!),
      leaf_hash: bytes(probe.leafHash!),
      root: bytes(probe.root!),
      proof: (probe.proof ?? []).map(bytes),
    }),
  );
  assert.ok(verdicts.accepted >= 3 && verdicts.refused >= 30, JSON.stringify(verdicts));
});

test('all consistency probes of transparency-dev/merkle get the verdict they ask for', { skip }, () => {
  const verdicts = judge('consistency', (probe) =>
    verifyConsistency({
      old_size: BigInt(probe.size1!),
      size: BigInt(probe.size2!),
      old_root: bytes(probe.root1!),
      root: bytes(probe.root2!),
      proof: (probe.proof ?? []).map(bytes),
    }),
  );
  assert.ok(verdicts.accepted >= 2 && verdicts.refused >= 18, JSON.stringify(verdicts));
});

function judge(folder: string, verify: (probe: Probe) => void): { accepted: number; refused: number } {
  const verdicts = { accepted: 0, refused: 0 };
  for (const file of filesBelow(join(PROBES, folder))) {
    const probe = readProbe(file);
    const accepted = unlessRefused(() => verify(probe) ?? true) === true;
    assert.equal(accepted, !probe.wantErr, `${relative(PROBES, file)}: ${probe.desc}`);
    verdicts[accepted ? 'accepted' : 'refused'] += 1;
  }
  return verdicts;
}

/** Numbers in the probes reach 2^64 - 1, which a double cannot hold: they are kept as text. */
function readProbe(file: string): Probe {
  return JSON.parse(readFileSync(file, 'utf8').replaceAll(/: (\d+)(,?)$/gm, ': "$1"$2')) as Probe;
}

function filesBelow(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

function bytes(base64: string): Uint8Array {
  return new Uint8Array(Buffer.from(base64, 'base64'));
}
