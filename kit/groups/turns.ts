export type TurnOptions = {
  /** Groups that are at work at once, at most. */
  parallel: number;
  /** So many waiting go without delay, beside a group that is at work. */
  crowd: number;
  /** Nobody waits longer for a group that is at work, milliseconds. */
  patience_ms: number;
  /** Between a group and the next, milliseconds, unless a crowd waits: those who come one by one go together. */
  headway_ms: number;
  /** The same while groups of several have been about, where it is more: who asks for one thing after the other, alone, never waits for it. */
  headway_in_company_ms: number;
};

export const default_turns: TurnOptions = {
  parallel: 4,
  crowd: 64,
  patience_ms: 20,
  headway_ms: 0,
  headway_in_company_ms: 0,
};

/**
 * For what is read while its caller waits. With 32 readers at once each group carries more: a read takes a fifth less of this
 * process's time and a third less of PostgreSQL's, and is answered sooner for it.
 */
export const reading_turns: TurnOptions = { ...default_turns, headway_in_company_ms: 3 };

/** After a group of several, others are around for so long. */
const company_lasts_ms = 100;

export type Turns = {
  /** Somebody came: says that there is work. */
  came(): void;
};

/**
 * When groups set out. A lone comer goes at once; who comes while a group is at work waits for its end, so that the next group
 * is as large as it can be: on a busy server each round trip costs more than what it carries. A crowd, or a group that is slow,
 * lets another one go beside it.
 * @param setOut takes a group of those who wait and works for it; resolves when it has ended, and never rejects.
 */
export function createTurns(
  { waiting, setOut }: { waiting(): number; setOut(): Promise<void> },
  { parallel, crowd, patience_ms, headway_ms, headway_in_company_ms }: TurnOptions = default_turns,
): Turns {
  let at_work = 0;
  let is_planned = false;
  let impatience: NodeJS.Timeout | undefined;
  let next_at = Number.NEGATIVE_INFINITY;
  let company_until = Number.NEGATIVE_INFINITY;
  let departure: NodeJS.Timeout | undefined;
  let is_impatient = false;

  function go(): void {
    at_work += 1;
    const now = performance.now();
    if (waiting() > 1) company_until = now + company_lasts_ms;
    next_at = now + (now < company_until ? Math.max(headway_ms, headway_in_company_ms) : headway_ms);
    void setOut().finally(() => {
      at_work -= 1;
      look();
    });
  }

  function look(): void {
    is_planned = false;
    const too_early_ms = next_at - performance.now();
    if (waiting() > 0 && waiting() < crowd && too_early_ms > 0) {
      if (!departure) departure = setTimeout(lookAgain, too_early_ms);
      return;
    }
    while (waiting() > 0 && at_work < parallel && (at_work === 0 || waiting() >= crowd || is_impatient)) {
      is_impatient = false;
      go();
    }
    if (waiting() === 0) {
      clearTimeout(impatience);
      impatience = undefined;
      is_impatient = false;
    } else if (!is_impatient) impatience ??= setTimeout(losePatience, patience_ms);
  }

  function lookAgain(): void {
    departure = undefined;
    look();
  }

  /** Where as many are at work as may be, the end of one is waited for. */
  function losePatience(): void {
    impatience = undefined;
    is_impatient = true;
    look();
  }

  return {
    came: () => {
      if (is_planned) return;
      is_planned = true;
      // Those who come in the same turn of the event loop go together.
      setImmediate(look);
    },
  };
}
