#!/usr/bin/env node
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createFileTileStore, parsePolicy, TlogError } from '../index.ts';
import { copyLog, type FetchLogFile } from '../verifier/copy-log.ts';
import {
  type VerifiedReceipt,
  verifyLog,
  verifyPublication,
  verifyReceiptFile,
  verifyRecordFile,
} from '../verifier/verdicts.ts';

// Verifies what the log says, without network and without trust in whoever gave the files: only the policy is believed. `copy`
// alone asks the network, and believes nothing: what it brings is verified afterwards.

const usage = `usage: npx zdravo-verify receipt|record|log|report FILE --policy POLICY [--receipt RECEIPT]
       npx zdravo-verify copy ADDRESS FOLDER

  receipt FILE   the answer of GET /api/declarations/:id/receipt: is its leaf in a tree that the witnesses saw?
  record FILE    the same, and: is the record in it the one that was logged?
  copy           brings a copy of the public log below ADDRESS (https://…/log) into FOLDER, or up to date
  log FOLDER     a copy of the whole log (checkpoint and tile/…): do all entries lead to the cosigned root?
  report FILE    a published document, with the receipt published beside it (FILE.receipt.json unless named)
  POLICY         whom to believe (c2sp.org/tlog-policy); get it from somebody whom you trust, once

  exit code: 0 verified, 1 not verified, 2 wrong usage or unreadable file`;

type Arguments = { what: string; path: string; policy: string; receipt?: string };

const checks: Record<string, (given: Arguments) => Promise<string[]>> = {
  receipt: async ({ path, policy }) => describe(verifyReceiptFile(await readFile(path), await readPolicy(policy))),
  record: async ({ path, policy }) => {
    const verified = verifyRecordFile(await readFile(path), await readPolicy(policy));
    return [
      ...describe(verified),
      ...Object.entries(verified.body).map(([name, value]) => `  ${name}: ${textOf(value)}`),
    ];
  },
  log: async ({ path, policy }) => {
    const input = { tiles: createFileTileStore(path), checkpoint: await readFile(join(path, 'checkpoint')) };
    const { checkpoint, cosigners } = await verifyLog(input, await readPolicy(policy));
    return [`all ${checkpoint.size} entries lead to the signed root of ${checkpoint.origin}`, cosignersLine(cosigners)];
  },
  report: async ({ path, policy, receipt = `${path}.receipt.json` }) =>
    describe(verifyPublication(await readFile(path), await readFile(receipt), await readPolicy(policy))),
};

process.exitCode = await main();

async function main(): Promise<number> {
  const [word, address, folder, ...rest] = process.argv.slice(2);
  if (word === 'copy' && address && folder && rest.length === 0) return copy(address, folder);
  const given = readArguments();
  const check = given && checks[given.what];
  if (!check) {
    console.error(usage);
    return 2;
  }
  try {
    console.log(['VERIFIED', ...(await check(given))].join('\n'));
    return 0;
  } catch (error) {
    if (error instanceof TlogError) {
      console.error(`NOT VERIFIED\n${error.message} (${error.code})`);
      return error.code === 'policy_malformed' ? 2 : 1;
    }
    console.error(error instanceof Error ? error.message : error);
    return 2;
  }
}

async function copy(address: string, folder: string): Promise<number> {
  try {
    const { size, fetched } = await copyLog(fetchBelow(address), folder);
    console.log(
      `COPIED\n${size} leaves, ${fetched} files fetched; verify it with: zdravo-verify log ${folder} --policy POLICY`,
    );
    return 0;
  } catch (error) {
    console.error(error instanceof Error ? `NOT COPIED\n${error.message}` : error);
    return 2;
  }
}

function fetchBelow(address: string): FetchLogFile {
  const base = new URL(address.endsWith('/') ? address : `${address}/`);
  return async (path) => {
    const response = await fetch(new URL(path, base), { signal: AbortSignal.timeout(30_000) });
    if (response.status === 404) return undefined;
    if (!response.ok) throw new Error(`${path}: the log answered ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  };
}

function readArguments(): Arguments | undefined {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { policy: { type: 'string' }, receipt: { type: 'string' } },
    });
    const [what, path, ...rest] = positionals;
    if (!what || !path || rest.length > 0 || !values.policy || !Object.hasOwn(checks, what)) return undefined;
    return { what, path, policy: values.policy, ...(values.receipt ? { receipt: values.receipt } : {}) };
  } catch {
    return undefined;
  }
}

async function readPolicy(path: string) {
  return parsePolicy(await readFile(path));
}

function describe({ checkpoint, index, cosigners, entry, leaf_hash }: VerifiedReceipt): string[] {
  return [
    `${entry.k}, version ${entry.n} (${entry.op}), is leaf ${index} of ${checkpoint.origin}, in the tree of ${checkpoint.size} leaves`,
    `leaf hash ${leaf_hash}`,
    cosignersLine(cosigners),
  ];
}

function cosignersLine(cosigners: readonly { name: string; timestamp: bigint }[]): string {
  const seen = cosigners.map(({ name, timestamp }) => `${name} at ${new Date(Number(timestamp) * 1000).toISOString()}`);
  return seen.length === 0 ? 'the policy asks for no witness' : `seen by ${seen.join(', ')}`;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
