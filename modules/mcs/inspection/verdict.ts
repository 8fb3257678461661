/** Why a document is not taken. Stable: callers branch on it, and people are told about it in their language. */
export type Flaw =
  | 'empty'
  | 'too_large'
  | 'type_unknown'
  | 'type_mismatch'
  | 'structure_invalid'
  | 'trailing_data'
  | 'polyglot'
  | 'active_content'
  | 'encrypted'
  | 'bomb'
  | 'infected';

export type Verdict = { accepted: true; content_type: DocumentType } | { accepted: false; flaw: Flaw; detail: string };

export type DocumentType = 'image/jpeg' | 'application/pdf';

/** Thrown by a reader at the first flaw; {@link verdictOf} turns it into a value. */
export class FlawFound extends Error {
  override readonly name = 'FlawFound';
  readonly flaw: Flaw;

  constructor(flaw: Flaw, detail: string) {
    super(detail);
    this.flaw = flaw;
  }
}

/** Runs a reader; a flaw becomes a verdict, anything else stays a bug. */
export async function verdictOf(read: () => Promise<DocumentType>): Promise<Verdict> {
  try {
    return { accepted: true, content_type: await read() };
  } catch (error) {
    if (error instanceof FlawFound) return { accepted: false, flaw: error.flaw, detail: error.message };
    throw error;
  }
}
