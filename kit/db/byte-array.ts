const bytea_oid = 17;
const dimension_bytes = 8;
const header_bytes = 12;

/**
 * Byte strings as one parameter, of which the statement says `::bytea[]`: in the binary form of an array (array_recv in
 * PostgreSQL's arrayfuncs.c). As text each byte would become two digits, written here and read there.
 */
export function byteArray(values: readonly (Uint8Array | null)[]): Buffer {
  const dimensions = values.length === 0 ? 0 : 1;
  const bytes = values.reduce(
    (sum, value) => sum + 4 + (value?.length ?? 0),
    header_bytes + dimensions * dimension_bytes,
  );
  const array = Buffer.allocUnsafe(bytes);
  let at = array.writeInt32BE(dimensions, 0);
  at = array.writeInt32BE(values.includes(null) ? 1 : 0, at);
  at = array.writeInt32BE(bytea_oid, at);
  if (dimensions === 0) return array;
  at = array.writeInt32BE(values.length, at);
  at = array.writeInt32BE(1, at);
  for (const value of values) {
    at = array.writeInt32BE(value?.length ?? -1, at);
    if (value) array.set(value, at);
    at += value?.length ?? 0;
  }
  return array;
}
