import { addDays, ageOn, daysBetween } from '../calendar.ts';
import { type Random, randomAt, seedOf, streams } from './random.ts';
import type { GeneratedPerson } from './types.ts';

export type DeclarationStatus = 'pending_verification' | 'active' | 'terminated' | 'closed' | 'rejected';
export type StatusChange = { status: DeclarationStatus /** An instant. */; changed_at: string };
export type DeclarationHistory = {
  /** In their order; the last one is today's. */
  changes: StatusChange[];
  deceased_on: string | null;
};

/**
 * A layer over the generated country: what became of each person's declaration up to the last day. A few wait for their scans
 * first, or are rejected; some are ended by the patient's next choice or by their term; after a merge of persons a
 * declaration is written as active once more; most of the dead are ended when the registry office tells, which takes days, and
 * a few never are. A person's history depends on nothing but the seed, the person and the day.
 */
export function declarationHistories(options: { seed: string | number; last_day: string }) {
  const seed = seedOf(options.seed);
  return ({ index, person, declaration }: GeneratedPerson): DeclarationHistory => {
    const random = randomAt(seed, streams.history, index);
    const within = { from: declaration.start_date, to: options.last_day };
    const died = random.chance(ageOn(person.birth_date, within.from) >= 65 ? 25 : 1);
    const deceased_on = died ? dayOf(random, within) : null;
    const changes = beginning(random, declaration.start_date);
    if (changes.at(-1)!.status === 'active') changes.push(...later(random, within, deceased_on));
    return { changes: inOrder(changes, options.last_day), deceased_on };
  };
}

function beginning(random: Random, day: string): StatusChange[] {
  if (!random.chance(60)) return [at(random, 'active', day)];
  const waiting = at(random, 'pending_verification', day);
  const decided = random.chance(100) ? 'rejected' : 'active';
  return [waiting, at(random, decided, addDays(day, random.between(1, 4)))];
}

function later(random: Random, within: Range, deceased_on: string | null): StatusChange[] {
  if (deceased_on)
    return random.chance(900) ? [at(random, 'terminated', addDays(deceased_on, random.between(1, 40)))] : [];
  const relinked = random.chance(15) ? [at(random, 'active', dayOf(random, within))] : [];
  if (!random.chance(220)) return relinked;
  return [...relinked, at(random, random.chance(100) ? 'closed' : 'terminated', dayOf(random, within))];
}

type Range = { from: string; to: string };

function dayOf(random: Random, { from, to }: Range): string {
  return addDays(from, random.below(Math.max(1, daysBetween(from, to) + 1)));
}

/** Between 5:00 and 18:00 UTC. */
function at(random: Random, status: DeclarationStatus, day: string): StatusChange {
  const two = (value: number) => String(value).padStart(2, '0');
  const clock = [random.between(5, 17), random.below(60), random.below(60)].map(two).join(':');
  return { status, changed_at: `${day}T${clock}.${String(random.below(1000)).padStart(3, '0')}Z` };
}

/** What would come after the last day has not happened; nothing comes before the beginning, or after an end. */
function inOrder(changes: StatusChange[], last_day: string): StatusChange[] {
  const [first, ...rest] = changes as [StatusChange, ...StatusChange[]];
  const kept = rest
    .filter(({ changed_at }) => changed_at > first.changed_at && changed_at.slice(0, 10) <= last_day)
    .sort((a, b) => (a.changed_at < b.changed_at ? -1 : 1));
  const end = kept.findIndex(({ status }) => status !== 'active');
  return [first, ...(end < 0 ? kept : kept.slice(0, end + 1))];
}
