export * from './blob-store/index.ts';
export * from './sealed-objects/index.ts';
