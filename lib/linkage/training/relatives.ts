import { CELLS, type FieldParameters, normalised } from './parameters.ts';

/** What keeps relatives apart from matches: fields that agree as among strangers, and numbers that never agree. */
export interface FamilyPins {
  pinned: readonly number[];
  never: readonly number[];
  surname: number;
}

/** Chance that relatives agree exactly on a number that belongs to one person only. */
const NEVER = 1e-4;

/** A kind of relatives before anything is learnt: its spreads, and which of them may be learnt. */
export interface StartingKind {
  h: number[][];
  /** Only numbers of one's own are learnt, all else stays as it is: a kind so rare would be drawn away by whatever is frequent. */
  isHeld: boolean;
}

/**
 * How relatives agree before anything is learnt. Members of one household at large, nearer to matches on the surname; brothers and sisters,
 * nearer to matches on everything that is not pinned; and twins, who stay as near to matches as that. Only numbers of their own can tell
 * twins from one person under two given names, so without such fields there is only the first kind.
 */
export function startingKinds(parameters: readonly FieldParameters[], pins: FamilyPins): StartingKind[] {
  const household = parameters.map((field, index) =>
    leaning(field, index === pins.surname ? 0.8 : 0.4, pins.never.includes(index)),
  );
  if (pins.never.length === 0) return [{ h: household, isHeld: false }];
  const near = parameters.map((field, index) => leaning(field, 0.9, pins.never.includes(index)));
  return [
    { h: household, isHeld: false },
    { h: near, isHeld: false },
    { h: near, isHeld: true },
  ];
}

function leaning({ m, u }: FieldParameters, lean: number, isNever: boolean): number[] {
  const spread = m[0]!.map((share, level) => lean * share + (1 - lean) * u[0]![level]!);
  return isNever ? withoutEquality(spread) : normalised(spread);
}

/** How relatives of a kind agree, from each field's counts by level. */
export function learntKind(
  parameters: readonly FieldParameters[],
  { h, isHeld }: StartingKind,
  { counts, never }: { counts: readonly Float64Array[]; never: readonly number[] },
): number[][] {
  return parameters.map((field, index) => {
    const isNever = never.includes(index);
    return isHeld && !isNever ? h[index]! : learntSpread(field, counts[index]!, isNever);
  });
}

/** From counts by level, leaning on chance. */
function learntSpread({ u }: FieldParameters, counts: Float64Array, isNever: boolean): number[] {
  const spread = u[0]!.map((share, level) => share * 2 + counts[level]!);
  return isNever ? withoutEquality(spread) : normalised(spread);
}

function withoutEquality(spread: readonly number[]): number[] {
  const rest = normalised([0, ...spread.slice(1)]);
  return rest.map((share, level) => (level === 0 ? NEVER : share * (1 - NEVER)));
}

/** log2(h / u) of every field and cell; pinned fields say nothing for or against strangers. */
export function familyBits(
  parameters: readonly FieldParameters[],
  { pinned }: { pinned: readonly number[] },
  h: readonly (readonly number[])[],
): Float64Array {
  const bits = new Float64Array(parameters.length * CELLS);
  parameters.forEach(({ u, levels }, field) => {
    if (pinned.includes(field)) return;
    u.forEach((chance, state) => {
      for (let level = 0; level < levels.length; level++) {
        bits[field * CELLS + state * 16 + level] = Math.log2(h[field]![level]! / chance[level]!);
      }
    });
  });
  return bits;
}
