import { type Asn1Node, bytesOf } from '../asn1/reader.ts';
import { fieldsOf, oidOf, tag } from '../asn1/values.ts';

export type AlgorithmIdentifier = { oid: string; parameters: Asn1Node | undefined; der: Uint8Array };

/** AlgorithmIdentifier (RFC 5280 §4.1.1.2): parameters are left to whoever knows the algorithm. */
export function readAlgorithm(node: Asn1Node): AlgorithmIdentifier {
  const fields = fieldsOf(node, 'AlgorithmIdentifier');
  const oid = oidOf(fields.take(tag.oid, 'algorithm'));
  const parameters = fields.optional(...any_tag);
  fields.end();
  return { oid, parameters, der: bytesOf(node) };
}

const any_tag = Array.from({ length: 256 }, (_, id) => id);

/** True when an algorithm that takes no parameters has none, or NULL as old software writes. */
export function hasNoParameters(algorithm: AlgorithmIdentifier): boolean {
  return algorithm.parameters === undefined || algorithm.parameters.id === tag.null;
}
