export interface Progress {
  step(text: string): void;
  done(): void;
}

/** Progress on standard error: one line that changes on a terminal, a line at most every two seconds elsewhere. */
export function createProgress(isQuiet: boolean): Progress {
  if (isQuiet) return { step: () => {}, done: () => {} };
  const isTerminal = process.stderr.isTTY;
  let last = 0;
  let kind = '';
  return {
    step(text) {
      const now = performance.now();
      const isNewKind = text.slice(0, 7) !== kind;
      if (!isNewKind && now - last < (isTerminal ? 100 : 2000)) return;
      last = now;
      kind = text.slice(0, 7);
      process.stderr.write(isTerminal ? `\r\u001b[K${text}` : `${text}\n`);
    },
    done() {
      if (isTerminal) process.stderr.write('\r\u001b[K');
    },
  };
}
