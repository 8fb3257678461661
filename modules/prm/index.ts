import { join } from 'node:path';
import { auditRotation } from '@zdravo/kit/audit';
import type { Clock } from '@zdravo/kit/clock';
import { type Migrations, openDatabase } from '@zdravo/kit/db';
import { createGroupedLookup } from '@zdravo/kit/groups';
import type { Job } from '@zdravo/kit/jobs';
import type { Logger } from '@zdravo/kit/log';
import { type FigureSource, poolFigures } from '@zdravo/kit/metrics';
import { addToBlackList, isBlackListed, listBlackList, removeFromBlackList } from './black-list.ts';
import { type ClinicSide, type ClinicSideIds, clinicSideKey, findClinicSides } from './clinic-sides.ts';
import { putContract, terminateContract } from './contracts.ts';
import { type PrmDeps, prm_role } from './deps.ts';
import {
  createDivision,
  findDivisions,
  listDivisions,
  listMountainFlags,
  setDivisionStatus,
  setMountainGroup,
  updateDivision,
} from './divisions.ts';
import { dismissEmployee, putEmployment } from './employees.ts';
import {
  closeLegalEntity,
  findLegalEntities,
  listLegalEntities,
  putLegalEntity,
  verifyLegalEntity,
} from './legal-entities.ts';
import { findPartiesOfUsers, listPartyUsers, listUsersOfParty } from './parties.ts';
import { findContract, listContracts } from './read-contracts.ts';
import { findEmployees, findStandings, listEmployees, listEmployments, type Standing } from './read-employees.ts';
import type { Tables } from './tables.ts';

export type { BlackListUser } from './black-list.ts';
export type { ClinicSide } from './clinic-sides.ts';
export type { Contract, ContractEmployee } from './contracts.ts';
export type { Within } from './deps.ts';
export { prm_role } from './deps.ts';
export type { DivisionFilter, DivisionInput } from './divisions.ts';
export type { EmploymentInput } from './employees.ts';
export type { LegalEntityFilter, NewLegalEntity } from './legal-entities.ts';
export type { ContractFilter, ContractRecord, WholeContract } from './read-contracts.ts';
export type { EmployeeFilter } from './read-employees.ts';
export type * from './records.ts';

export const migrations: Migrations = { module: 'prm', directory: join(import.meta.dirname, 'migrations') };

export type PrmOptions = { database_url: string; clock: Clock; log: Logger; pool_size?: number };

/** Partners: a register that other modules of the platform call; it has no routes of its own. */
export type Prm = ReturnType<typeof functionsOf> & {
  jobs: Job[];
  figures: readonly FigureSource[];
  close(): Promise<void>;
};

export function createPrm(options: PrmOptions): Prm {
  const { db, pool, close } = openDatabase<Tables>({
    url: options.database_url,
    role: prm_role,
    application_name: 'prm',
    plans_once: true,
    log: options.log,
    pool_size: options.pool_size ?? 16,
  });
  const rotation = auditRotation({ db, schema: 'prm', tables: ['audit_log'], schedule: '10 3 * * *' });
  const figures = [poolFigures('prm', [pool])];
  return { ...functionsOf({ db, clock: options.clock }), jobs: [rotation], figures, close };
}

function functionsOf(deps: PrmDeps) {
  const { db } = deps;
  return {
    putLegalEntity: bind(deps, putLegalEntity),
    verifyLegalEntity: bind(deps, verifyLegalEntity),
    closeLegalEntity: bind(deps, closeLegalEntity),
    findLegalEntity: together(db, findLegalEntities),
    listLegalEntities: bind(db, listLegalEntities),
    createDivision: bind(deps, createDivision),
    updateDivision: bind(deps, updateDivision),
    setDivisionStatus: bind(deps, setDivisionStatus),
    setMountainGroup: bind(deps, setMountainGroup),
    listMountainFlags: bind(db, listMountainFlags),
    findDivision: together(db, findDivisions),
    listDivisions: bind(db, listDivisions),
    findClinicSide: clinicSideFinder(db),
    putContract: bind(deps, putContract),
    terminateContract: bind(deps, terminateContract),
    findContract: bind(db, findContract),
    listContracts: bind(db, listContracts),
    putEmployment: bind(deps, putEmployment),
    dismissEmployee: bind(deps, dismissEmployee),
    findEmployee: together(db, findEmployees),
    findStanding: standingFinder(db),
    listEmployees: bind(db, listEmployees),
    listEmployments: bind(db, listEmployments),
    findPartyOfUser: together(db, findPartiesOfUsers),
    listUsersOfParty: bind(db, listUsersOfParty),
    listPartyUsers: bind(db, listPartyUsers),
    addToBlackList: bind(deps, addToBlackList),
    removeFromBlackList: bind(deps, removeFromBlackList),
    isBlackListed: bind(db, isBlackListed),
    listBlackList: bind(db, listBlackList),
  };
}

/** One by its id; what is asked for at once is read together. Several callers may get the same object: it is read only. */
function together<Found>(
  db: PrmDeps['db'],
  findMany: (db: PrmDeps['db'], ids: readonly string[]) => Promise<Map<string, Found>>,
): (id: string) => Promise<Found | undefined> {
  return createGroupedLookup((ids) => findMany(db, ids)).find;
}

/** Doctor, division and legal entity of a declaration, in one look-up. */
function clinicSideFinder(db: PrmDeps['db']) {
  const { find } = createGroupedLookup((keys) => findClinicSides(db, keys));
  return async (ids: ClinicSideIds): Promise<ClinicSide> => (await find(clinicSideKey(ids)))!;
}

/** Whose the user is, and how the employment stands. */
function standingFinder(db: PrmDeps['db']) {
  const { find } = createGroupedLookup((pairs) => findStandings(db, pairs));
  return async (asked: { user_id: string; employee_id: string }): Promise<Standing> =>
    (await find(`${asked.user_id}/${asked.employee_id}`))!;
}

/** The function with its first argument given. */
function bind<First, Rest extends unknown[], Result>(first: First, work: (first: First, ...rest: Rest) => Result) {
  return (...rest: Rest): Result => work(first, ...rest);
}
