export * from './blob-store.ts';
export {
  type BuiltInStore,
  type BuiltInStoreOptions,
  createStoreServer,
  openBuiltInStore,
  randomCredentials,
} from './built-in-store.ts';
export { readRange } from './object-requests.ts';
export { attachment, createPresigner, type Presigner, type PresignerOptions } from './presigner.ts';
export { accessDenied, Refusal, refusalOf, sendRefusal } from './refusals.ts';
export { readStoreRequest, type SignatureRules, verifySignature } from './request-signature.ts';
export { connectS3Store, type S3StoreOptions } from './s3-store.ts';
export { type ServedStore, serveStore } from './served-store.ts';
export type { BucketRules, StoreHandler } from './store-handler.ts';
export { StoreTrialError, tryOutStore } from './store-trial.ts';
