export { type AwsKmsOptions, createAwsKmsProvider } from './aws-kms.ts';
export { KeyServiceError } from './key-service.ts';
export { createVaultTransitProvider, type VaultTransitOptions } from './vault-transit.ts';
