import type { Logger } from '@zdravo/kit/log';

/** What can be found, in plain words for the operator. */
export const finding_kinds = {
  request_missing: 'A declaration whose request is not known here',
  request_unsettled: 'A declaration whose request is not marked as signed',
  declaration_missing: 'A signed request without its declaration',
  end_missing: 'A declaration that had ended, as this module heard, lives again',
  container_missing: 'A declaration without its signed container',
  container_row_missing: 'A signed container whose file is there, but not its row',
  container_differs: 'The stored container is not the one that the declaration names',
  container_unassigned: 'A signed container that is not under the key of its person',
  upgrade_row_missing: 'An upgraded container whose file is there, but not its row',
  upgrade_unlogged: 'An upgraded container that the log does not know: it is logged again within minutes',
  upgrade_missing: 'A declaration without the upgraded container that the log names',
  upgrade_differs: 'The stored upgraded container is not the one that the log names',
  document_unlogged:
    'A signed document that is no declaration, and that the log does not know, as received or upgraded',
  container_without_declaration: 'A signed container without a declaration',
  signature_refused:
    'A signed container whose signature does not hold: a certificate was revoked before it came, or is not trusted any more',
  person_missing: 'A declaration whose person the patient index does not know',
  person_outdated: 'The patient index does not have the data that a living declaration brought',
  person_erased: 'A living declaration of an erased person',
  pseudonym_differs: 'Operations and the patient index call a person by different pseudonyms',
  merge_missing: 'A merge that Operations does not know of',
  slot_missing: 'A living declaration that does not count for its doctor’s limit',
  slot_stale: 'A slot of a declaration that does not live',
  employee_unknown: 'A living declaration whose doctor the register of partners does not know',
  employee_dismissed: 'A dismissed doctor with living declarations',
  dismissal_missing: 'Operations was told of a dismissal that the register of partners does not know',
  closing_missing: 'Operations was told of a closing that the register of partners does not know',
} as const;
export type FindingKind = keyof typeof finding_kinds;

export type Finding = {
  kind: FindingKind;
  meaning: string;
  repaired: number;
  /** What people have to look at. */
  open: number;
  /** Ids of the first of them. */
  open_ids: string[];
};
export type ReconciliationReport = { checked: Record<string, number>; findings: Finding[] };

const ids_shown = 100;

export type Findings = {
  /** Counts what was looked at. */
  looked(what: string, count: number): void;
  open(kind: FindingKind, id: string): void;
  /** Repairs a finding. `work` answers false where it cannot; what it throws leaves the finding open too. */
  repair(kind: FindingKind, id: string, work: () => Promise<boolean>): Promise<void>;
  report(): ReconciliationReport;
};

export function createFindings(log: Logger): Findings {
  const checked: Record<string, number> = {};
  const found = new Map<FindingKind, Finding>();
  const of = (kind: FindingKind): Finding => {
    const known = found.get(kind) ?? { kind, meaning: finding_kinds[kind], repaired: 0, open: 0, open_ids: [] };
    found.set(kind, known);
    return known;
  };
  const open = (kind: FindingKind, id: string) => {
    const finding = of(kind);
    finding.open += 1;
    if (finding.open_ids.length < ids_shown) finding.open_ids.push(id);
  };
  return {
    looked: (what, count) => {
      checked[what] = (checked[what] ?? 0) + count;
    },
    open,
    repair: async (kind, id, work) => {
      try {
        if (await work()) of(kind).repaired += 1;
        else open(kind, id);
      } catch (error) {
        log.warn({ err: error, kind, id }, 'reconciliation could not repair this');
        open(kind, id);
      }
    },
    report: () => ({ checked, findings: [...found.values()] }),
  };
}
