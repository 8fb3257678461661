import { addYears, ageOn, daysInMonth } from '../calendar.ts';
import { type Gender, makeTaxId } from '../identifiers/tax-id.ts';
import { patronymic } from '../names/patronymics.ts';
import { genderedSurname } from '../names/surnames.ts';
import type { Member } from './households.ts';
import { drawGivenName, drawSurname } from './names.ts';
import {
  birthCertificateNumber,
  birthSlot,
  dayOfYear,
  nationalIdNumber,
  passportNumber,
  slots_per_block,
} from './numbers.ts';
import type { Random, Seed } from './random.ts';
import type { PersonDocument } from './types.ts';

/** Who somebody is: name, birth, numbers and papers. */
export type Identity = {
  index: number;
  gender: Gender;
  age: number;
  first_name: string;
  last_name: string;
  second_name: string | undefined;
  maiden_name: string | null;
  birth_date: string;
  tax_id: string | undefined;
  documents: PersonDocument[];
};

/** What a block keeps while its persons are drawn: how many tax numbers of each gender and year it has given. */
export type BlockState = { seed: Seed; as_of: string; block: number; used_slots: Map<number, number> };

/** Names of a household before the persons: the family's name in the man's form, and each member's father's name. */
type Names = { family: string; maiden: (string | null)[]; first: string[]; fathers: string[] };

/** Draws the members' identities; `first_index` is the first member's index in the country. */
export function drawIdentities(state: BlockState, random: Random, members: Member[], first_index: number): Identity[] {
  const years = members.map((member) => Number(state.as_of.slice(0, 4)) - 1 - member.age);
  const names = drawNames(random, members, years);
  const identities: Identity[] = [];
  members.forEach((member, place) => {
    identities.push(
      drawIdentity(state, random, {
        member,
        members,
        place,
        names,
        index: first_index + place,
        year: years[place]!,
        identities,
      }),
    );
  });
  return identities;
}

/** Parents come before their children except an elder in the family: so names are drawn first, births after. */
function drawNames(random: Random, members: Member[], years: number[]): Names {
  const first = members.map((member, place) => drawGivenName(random, member.gender, years[place]!));
  members.forEach((member, place) => {
    const taken = members.map((other, at) =>
      at < place && other.mother !== null && other.mother === member.mother ? first[at] : '',
    );
    while (taken.includes(first[place]!)) first[place] = drawGivenName(random, member.gender, years[place]!);
  });
  const fathers = members.map((member, place) =>
    member.father === null ? drawGivenName(random, 'MALE', years[place]! - 28) : first[member.father]!,
  );
  members.forEach((member, place) => {
    const sibling = members.findIndex((other) => other.mother !== null && other.mother === member.mother);
    if (sibling >= 0 && sibling < place) fathers[place] = fathers[sibling]!;
  });
  const maiden = members.map((member) =>
    member.gender === 'FEMALE' && member.spouse !== null ? drawSurname(random) : null,
  );
  return { family: drawSurname(random), maiden, first, fathers };
}

type Draw = {
  member: Member;
  members: Member[];
  place: number;
  names: Names;
  index: number;
  year: number;
  identities: Identity[];
};

function drawIdentity(state: BlockState, random: Random, draw: Draw): Identity {
  const { member, place, names, index } = draw;
  const born = drawBirth(state, random, draw);
  const maiden = names.maiden[place] ?? null;
  const kept_maiden = maiden !== null && random.chance(150);
  const masculine = kept_maiden ? maiden : familyOf(draw);
  const age = ageOn(born.birth_date, state.as_of);
  const twin = member.twin !== null;
  return {
    index,
    gender: member.gender,
    age,
    first_name: names.first[place]!,
    last_name: genderedSurname(masculine, member.gender),
    second_name: random.chance(6) ? undefined : patronymic(names.fathers[place]!, member.gender),
    maiden_name: maiden !== null && !kept_maiden ? genderedSurname(maiden, 'FEMALE') : null,
    ...born,
    documents: drawDocuments(state, random, {
      index: twin ? draw.identities[member.twin!]!.index : index,
      own_index: index,
      twin,
      birth_date: born.birth_date,
      age,
    }),
  };
}

/** The household's name, but a wife's parents who live with her bear the name that she had before. */
function familyOf({ members, place, names }: Draw): string {
  const child = members.findIndex(
    (other) => other.spouse !== null && (other.mother === place || other.father === place),
  );
  return (child >= 0 && names.maiden[child]) || names.family;
}

/** A tax number for most grown-ups; its serial and the birthday come from one slot, so that no number is given twice. */
function drawBirth(state: BlockState, random: Random, draw: Draw): { birth_date: string; tax_id: string | undefined } {
  const { member, year, identities } = draw;
  const twin = member.twin === null ? null : identities[member.twin]!;
  const without = random.chance(25);
  if (twin) return { birth_date: twin.birth_date, tax_id: without ? undefined : twinTaxId(twin) };
  if (member.age < 18)
    return { birth_date: dayOfYear(year, random.below(daysInMonth(year, 2) + 337)), tax_id: undefined };
  const { birth_date, serial } = takeSlot(state, member.gender, year);
  return { birth_date, tax_id: without ? undefined : acceptable(makeTaxId(birth_date, member.gender, serial)) };
}

/** A twin has the odd serial after the other's even one; grown-up twins are of one gender. */
function twinTaxId(twin: Identity): string | undefined {
  if (twin.tax_id === undefined) return undefined;
  const serial = 5 * Number(twin.tax_id.slice(5, 8)) + Math.floor(Number(twin.tax_id[8]) / 2);
  return makeTaxId(twin.birth_date, twin.gender, serial + 1);
}

/** Pattern P11 of the reference refuses a leading zero, which those born before 19 May 1927 have. */
function acceptable(tax_id: string): string | undefined {
  return tax_id.startsWith('0') ? undefined : tax_id;
}

/** The next free slot of the year and gender; the year before when the block has given all of this one. */
function takeSlot(state: BlockState, gender: Gender, year: number): { birth_date: string; serial: number } {
  const key = 2 * year + (gender === 'MALE' ? 1 : 0);
  const used = state.used_slots.get(key) ?? 0;
  if (used >= slots_per_block) return takeSlot(state, gender, year - 1);
  state.used_slots.set(key, used + 1);
  return birthSlot(state.seed, { year, gender, block: state.block, slot: used });
}

type Papers = { index: number; own_index: number; twin: boolean; birth_date: string; age: number };

/** A birth certificate until 14, a card from then on for the young, the booklet for most others. */
function drawDocuments(state: BlockState, random: Random, papers: Papers): PersonDocument[] {
  const certificate = {
    type: 'BIRTH_CERTIFICATE',
    number: birthCertificateNumber(state.seed, papers.index, papers.twin),
  };
  const card = { type: 'NATIONAL_ID', number: nationalIdNumber(state.seed, papers.own_index) };
  if (papers.age < 14) return [certificate];
  if (papers.age < 18) return random.chance(500) ? [certificate] : [certificate, card];
  if (random.chance(8)) return [{ type: 'TEMPORARY_CERTIFICATE', number: `ТП${card.number.slice(3)}` }];
  const booklet_age = ageOn(papers.birth_date, '2016-10-01') >= 16;
  if (!booklet_age || random.chance(250)) return [card];
  return [{ type: 'PASSPORT', number: passportNumber(state.seed, papers.own_index) }];
}

/** The day from which somebody could be signed on: never before birth. */
export function earliestDeclaration(birth_date: string, as_of: string): string {
  const year_ago = addYears(as_of, -1);
  return birth_date > year_ago ? birth_date : year_ago;
}
