/** Whether a unique constraint (of this name, when given) refused the row. */
export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  const { code, constraint: broken } = error as { code?: string; constraint?: string };
  return code === '23505' && (constraint === undefined || broken === constraint);
}

const retryable = new Set(['40001', '40P01']);

/** Runs `work` again when PostgreSQL chose it as the victim of a serialisation conflict or a deadlock. */
export async function retryOnConflict<Result>(work: () => Promise<Result>, attempts = 5): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      const { code } = error as { code?: string };
      if (attempt >= attempts || code === undefined || !retryable.has(code)) throw error;
    }
  }
}
