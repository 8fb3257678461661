import { KeyError, type KeyProvider } from './provider.ts';

/**
 * Several providers as one, for the time of a move from one to the next: the first wraps, all open what they wrapped.
 * A key that is derived for a named generation comes from the oldest provider that knows it, so that what was hashed
 * with it keeps its meaning. Re-wrapping moves the wrapped keys over; files stay as they are.
 * @param providers the newest first.
 */
export function createKeySuccession(providers: readonly [KeyProvider, ...KeyProvider[]]): KeyProvider {
  const [current] = providers;
  const oldest_first = providers.toReversed();
  return {
    is_remote: current.is_remote,
    current_key_id: current.current_key_id,
    wrap: current.wrap,
    unwrap: (wrapped, context) => firstThatKnows(oldest_first, (provider) => provider.unwrap(wrapped, context)),
    derive: (purpose, key_id) =>
      key_id === undefined
        ? current.derive(purpose)
        : firstThatKnows(oldest_first, (provider) => provider.derive(purpose, key_id)),
    refresh: async () => {
      await Promise.all(providers.map((provider) => provider.refresh()));
    },
  };
}

async function firstThatKnows<Result>(
  providers: readonly KeyProvider[],
  use: (provider: KeyProvider) => Promise<Result>,
): Promise<Result> {
  let unknown: unknown;
  for (const provider of providers) {
    try {
      return await use(provider);
    } catch (error) {
      if (!(error instanceof KeyError) || error.code !== 'key_unknown') throw error;
      unknown ??= error;
    }
  }
  throw unknown;
}
