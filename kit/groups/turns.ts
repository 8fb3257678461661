export type TurnOptions = {
  /** Groups that are at work at once, at most. */
  parallel: number;
  /** So many waiting go without delay, beside a group that is at work. */
  crowd: number;
  /** Nobody waits longer for a group that is at work, milliseconds. */
  patience_ms: number;
};

export const default_turns: TurnOptions = { parallel: 4, crowd: 64, patience_ms: 20 };

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
  { parallel, crowd, patience_ms }: TurnOptions = default_turns,
): Turns {
  let at_work = 0;
  let is_planned = false;
  let impatience: NodeJS.Timeout | undefined;

  function go(): void {
    at_work += 1;
    void setOut().finally(() => {
      at_work -= 1;
      look();
    });
  }

  function look(): void {
    is_planned = false;
    while (waiting() > 0 && at_work < parallel && (at_work === 0 || waiting() >= crowd)) go();
    if (waiting() === 0) {
      clearTimeout(impatience);
      impatience = undefined;
    } else impatience ??= setTimeout(losePatience, patience_ms);
  }

  function losePatience(): void {
    impatience = undefined;
    if (waiting() > 0 && at_work < parallel) go();
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
