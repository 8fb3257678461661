import { canonicalJson } from '@zdravo/tlog';

/**
 * Where the signed content differs from what is stored: JSON paths, never values. Null and absent are the same; numbers and
 * texts are not. At most `limit` paths.
 */
export function differingPaths(stored: unknown, signed: unknown, limit = 20): string[] {
  const paths: string[] = [];
  collect(stored, signed, '$', paths, limit);
  return paths;
}

function collect(stored: unknown, signed: unknown, path: string, paths: string[], limit: number): void {
  if (paths.length >= limit || Object.is(stored ?? null, signed ?? null)) return;
  if (Array.isArray(stored) && Array.isArray(signed)) {
    if (stored.length !== signed.length) paths.push(path);
    else for (const [index, item] of stored.entries()) collect(item, signed[index], `${path}[${index}]`, paths, limit);
    return;
  }
  if (isObject(stored) && isObject(signed)) {
    const names = new Set([...Object.keys(stored), ...Object.keys(signed)]);
    for (const name of names) {
      const place = Object.hasOwn(stored, name) ? name : name.replace(/[^\w-]/g, '?').slice(0, 64);
      collect(own(stored, name), own(signed, name), `${path}.${place}`, paths, limit);
    }
    return;
  }
  paths.push(path);
}

/** The bytes that stand for a content whoever serialised it: canonical JSON (RFC 8785), without nulls and the seed. */
export function contentBytes({ seed: _seed, ...content }: Record<string, unknown>): Uint8Array {
  return canonicalJson(withoutNulls(content));
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isObject(value)) return value;
  const members = Object.entries(value).filter(([, member]) => member !== null && member !== undefined);
  return Object.fromEntries(members.map(([name, member]) => [name, withoutNulls(member)]));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function own(object: Record<string, unknown>, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}
