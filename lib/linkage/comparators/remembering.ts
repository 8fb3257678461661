/** Keeps the answers of a pure function of one text; forgets all of them when there are too many, so that memory stays bounded. */
export function remembering<Answer>(answerTo: (text: string) => Answer, most = 100_000): (text: string) => Answer {
  const known = new Map<string, Answer>();
  return (text) => {
    const before = known.get(text);
    if (before !== undefined) return before;
    if (known.size >= most) known.clear();
    const answer = answerTo(text);
    known.set(text, answer);
    return answer;
  };
}
