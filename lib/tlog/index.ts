export { canonicalJson, MAX_JSON_DEPTH } from './canonical-json.ts';
export { type Checkpoint, formatCheckpointText, parseCheckpointText } from './checkpoints.ts';
export { type ConsistencyClaim, makeConsistencyProof, verifyConsistency } from './consistency.ts';
export { type Cosigning, type CosigningResult, gatherCosignatures, type WitnessOutcome } from './cosigning.ts';
export { MAX_SIZE } from './decimal.ts';
export {
  type BundleEdge,
  EMPTY_BUNDLE_EDGE,
  encodeBundle,
  loadBundleEdge,
  MAX_ENTRY_BYTES,
  parseBundle,
  readBundle,
  readEntries,
  writeBundles,
} from './entry-bundles.ts';
export { TLOG_ERROR_CODES, TlogError, type TlogErrorCode } from './errors.ts';
export { type FileCheckpointStore, openFileCheckpointStore } from './file-checkpoint-store.ts';
export { createFileTileStore } from './file-tile-store.ts';
export {
  appendLeaves,
  type CompactRange,
  decodeFrontier,
  EMPTY_FRONTIER,
  emptyRange,
  encodeFrontier,
  type Frontier,
  frontierRoot,
  mergeRanges,
} from './frontier.ts';
export { EMPTY_ROOT, HASH_BYTES, hashLeaf, hashNode, sha256 } from './hashing.ts';
export { type InclusionClaim, makeInclusionProof, rootOfInclusion, verifyInclusion } from './inclusion.ts';
export {
  createSigner,
  createVerifierKey,
  formatVerifierKey,
  generateSignerKey,
  parseSigner,
  parseVerifierKey,
  type Signer,
  type VerifierKey,
} from './keys.ts';
export { createLogFiles, type FindLogFile, type LogFile } from './log-files.ts';
export { createMemoryCheckpointStore, createMemoryTileStore } from './memory-stores.ts';
export {
  encodeNote,
  formatSignatureLines,
  type Note,
  type NoteSignature,
  parseNote,
  parseSignatureLines,
} from './notes.ts';
export { createObjectTileStore, type ObjectStore } from './object-tile-store.ts';
export { isQuorum, type Policy, type PolicyLog, type PolicyWitness, parsePolicy, type Quorum } from './policies.ts';
export { type Cosigner, type PolicyVerdict, verifyCheckpoint, weighCheckpoint } from './policy-checks.ts';
export { formatPromise, type LogPromise, parsePromise, signPromise, verifyPromise } from './promises.ts';
export { encodeReceipt, parseReceipt, type Receipt, type ReceiptVerdict, verifyReceipt } from './receipts.ts';
export { SIGNATURE_TYPES, type SignatureType } from './signature-types.ts';
export { signText, type VerifiedSignature, verifyNote, verifySignature } from './signatures.ts';
export { addSignatures, type OpenedCheckpoint, openCheckpoint, signCheckpoint } from './signed-checkpoints.ts';
export { type CheckpointStore, putImmutable, type TileStore } from './stores.ts';
export { type JsonLimits, type JsonValue, parseStrictJson } from './strict-json.ts';
export { isSubtree, makeSubtreeConsistencyProof, verifySubtreeConsistency } from './subtree-consistency.ts';
export { coverInterval, type HashSource, hashIntervals, type Interval, type Node } from './subtrees.ts';
export { createTileHashSource, proveConsistency, proveInclusion, readRoot } from './tile-hashes.ts';
export { parseTilePath, partialTiles, TILE_WIDTH, type Tile, tilePath, tileWidth } from './tile-paths.ts';
export {
  EMPTY_TILE_EDGE,
  extendTiles,
  frontierOfEdge,
  loadTileEdge,
  readTile,
  type TileEdge,
  writeTiles,
} from './tiles.ts';
export { findVerifierFile } from './verifier-page/serve.ts';
export { addCheckpoint, findCosignedCheckpoint, type Witness, type WitnessAnswer } from './witness.ts';
export { type CosignResult, requestCosignatures } from './witness-client.ts';
export { type AddCheckpoint, encodeAddCheckpoint, parseAddCheckpoint } from './witness-requests.ts';
export { createWitnessServer } from './witness-server.ts';
