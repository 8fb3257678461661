export { hostileReceipts, type ReceiptVector } from './hostile-receipts.ts';
export { type SampleReceipts, sampleReceipts } from './sample-receipts.ts';
