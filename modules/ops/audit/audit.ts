import type { KeyStore } from '@zdravo/kit/keys';
import {
  type Checkpoint,
  decodeFrontier,
  EMPTY_FRONTIER,
  encodeFrontier,
  type Frontier,
  frontierRoot,
  type Policy,
  type TileStore,
  TlogError,
  verifyCheckpoint,
} from '@zdravo/tlog';
import type { Kysely } from 'kysely';
import type { Tables } from '../tables.ts';
import { auditContainers, type ContainerSource } from './containers.ts';
import { auditErasures } from './erasures.ts';
import { createFindingList, type Finding, type FindingList } from './findings.ts';
import { auditLeaves } from './leaves.ts';
import { auditLoggedContainers } from './logged-containers.ts';
import { auditPersonLinks } from './person-links.ts';
import { auditPersonVersions, type PersonVersions, type PersonVersionsRead } from './person-versions.ts';
import { auditPlaced, readPlaced } from './placed-leaves.ts';
import { auditPromises, type PromisesToAudit } from './promises.ts';
import { auditHeads, auditUnlogged } from './set-checks.ts';
import { explainAltered } from './signed-content.ts';
import type { AuditState } from './state.ts';

export type AuditInput = {
  /** As `zdravo_ops_auditor`: reads only. */
  db: Kysely<Tables>;
  /** Opens the seeds; without it commitments cannot be recomputed and records are compared by their leaf hash alone. */
  keys?: KeyStore;
  tiles: TileStore;
  /** Reads the published checkpoint, once; what is placed while the audit runs is for the next one. */
  readCheckpoint(): Promise<Uint8Array | undefined>;
  policy: Policy;
  state: AuditState;
  /** From the first leaf on; otherwise from where the last whole audit ended. */
  full: boolean;
  promises?: PromisesToAudit;
  containers?: ContainerSource;
  /** The patient index; without it its batches are leaves like any others. */
  person_versions?: PersonVersions;
  now: Date;
};

export type AuditReport = PersonVersionsRead & {
  findings: Finding[];
  /** All of them; `findings` names the first thousand. */
  finding_count: number;
  leaves: number;
  versions: number;
  /** Persons who were forgotten by order. */
  erasures: number;
  containers: number;
  /** Those with leaves of their own: upgrades, and what is no declaration's. */
  logged_containers: number;
  promises: number;
  /** To be kept for the next run. What it holds does not advance when anything was found. */
  state: AuditState;
};

/**
 * Compares database, published log, storage and promises with each other, trusting none of them: only the policy's keys
 * and what the auditor held before (trust.md §6.7).
 */
export async function runAudit(input: AuditInput): Promise<AuditReport> {
  const list = createFindingList();
  const since = input.state.whole_at
    ? `The full audit of ${input.state.whole_at} found everything whole.`
    : 'No earlier full audit found everything whole, so nobody can say since when.';
  const placed = await readPlaced(input.db);
  const note = await input.readCheckpoint();
  const checkpoint = openPublished(note, input.policy, list);
  const from = startOf(input, checkpoint, list);
  const end = checkpoint?.size ?? from.end;
  const leaves = await auditLeaves({ ...input, from, size: end, since }, list);
  auditPlaced(placed, end, list);
  if (checkpoint) compareRoots(input, { checkpoint, ...leaves }, list);
  const scope = { from_leaf: Number(from.end), full: input.full, now: input.now, since };
  await explainAltered(input.db, input.containers, list);
  await auditUnlogged(input.db, scope, list);
  await auditHeads(input.db, scope, list);
  const erasures = await auditErasures(input.db, since, list);
  await auditPersonLinks(input.db, since, list);
  const size = Number(checkpoint?.size ?? 0n);
  const persons = await auditPersons(input, { ...scope, size }, list);
  const unread = { ...scope, from_leaf: Math.min(scope.from_leaf, containersFrom(input)) };
  const containers = input.containers ? await auditContainers(input.db, input.containers, unread, list) : 0;
  const logged_containers = await auditLoggedContainers({ ...input, scope: unread }, list);
  const promises = await auditPromises(input, { size }, list);
  const is_whole = list.count() === 0;
  return {
    findings: list.found,
    finding_count: list.count(),
    leaves: leaves.leaves,
    versions: leaves.versions,
    erasures,
    containers,
    logged_containers,
    promises,
    ...persons,
    state:
      is_whole && checkpoint
        ? wholeState(input, { frontier: leaves.frontier, note: note! })
        : brokenState(input, list.count()),
  };
}

async function auditPersons(
  { db, person_versions: index }: AuditInput,
  scope: Parameters<typeof auditPersonVersions>[2],
  list: FindingList,
): Promise<PersonVersionsRead> {
  if (!index) return { person_versions: 0, person_version_batches: 0 };
  return auditPersonVersions(db, index, scope, list);
}

function openPublished(note: Uint8Array | undefined, policy: Policy, list: FindingList): Checkpoint | undefined {
  try {
    if (!note) throw new TlogError('signature_missing', 'nothing is published');
    return verifyCheckpoint(note, policy).checkpoint;
  } catch (error) {
    if (!(error instanceof TlogError)) throw error;
    list.add({ code: 'checkpoint_refused', detail: `${error.message}.` });
    return undefined;
  }
}

/** The frontier from which leaves are read: that of the last whole audit, or none. */
function startOf({ full, state }: AuditInput, checkpoint: Checkpoint | undefined, list: FindingList): Frontier {
  if (!state.held) return EMPTY_FRONTIER;
  if (checkpoint && checkpoint.size < BigInt(state.held.size))
    list.add({ code: 'log_shrank', detail: `${state.held.size} leaves were held, ${checkpoint.size} are published.` });
  const shrank = checkpoint && checkpoint.size < BigInt(state.held.size);
  return full || shrank ? EMPTY_FRONTIER : heldFrontier(state);
}

function heldFrontier(state: AuditState): Frontier {
  return decodeFrontier(Buffer.from(state.held!.frontier, 'base64'));
}

type Read = { checkpoint: Checkpoint; frontier: Frontier; root: Uint8Array; root_at_held: Uint8Array | undefined };

function compareRoots({ state, full }: AuditInput, read: Read, list: FindingList): void {
  const { checkpoint, root, root_at_held } = read;
  const same = (left: Uint8Array, right: Uint8Array) => Buffer.from(left).equals(right);
  if (root_at_held && state.held && full && !same(root_at_held, frontierRoot(heldFrontier(state))))
    list.add({ code: 'log_rewritten', detail: `Another root at the ${state.held.size} leaves that were held.` });
  if (same(root, checkpoint.root)) return;
  const code = !full && state.held ? 'log_rewritten' : 'tiles_differ';
  list.add({ code, detail: `Another root at ${checkpoint.size} leaves.` });
}

/** A run that did not read the containers counts as whole for the leaves that it read, and for no container. */
type Published = { frontier: Frontier; note: Uint8Array };

function wholeState(input: AuditInput, { frontier, note }: Published): AuditState {
  const { now, full, state, containers } = input;
  const at = now.toISOString();
  return {
    held: {
      size: Number(frontier.end),
      frontier: Buffer.from(encodeFrontier(frontier)).toString('base64'),
      note: Buffer.from(note).toString(),
    },
    read_at: at,
    ...(containers ? {} : { containers_unread_from: containersFrom(input) }),
    ...(full && containers ? { whole_at: at } : { ...wholeAtOf(state), ...openOf(state) }),
  };
}

/** Leaves from here on are of records whose containers no whole audit has read. */
function containersFrom({ state }: AuditInput): number {
  return state.containers_unread_from ?? state.held?.size ?? 0;
}

function wholeAtOf({ whole_at }: AuditState): Pick<AuditState, 'whole_at'> {
  return whole_at ? { whole_at } : {};
}

function brokenState({ state, full, now }: AuditInput, findings: number): AuditState {
  return full ? { ...state, open: { findings, at: now.toISOString() } } : state;
}

function openOf({ open }: AuditState): Pick<AuditState, 'open'> {
  return open ? { open } : {};
}
