/** Limits and times of this module; every one may be set. */
export type MediaSettings = {
  quarantine_bucket: string;
  clean_bucket: string;
  /** Open files that anybody may read: capitation, statistics, price lists. */
  public_bucket: string;
  max_document_bytes: number;
  /** Each holds one document in memory. */
  inspections_at_once: number;
  upload_expiry_s: number;
  download_expiry_s: number;
  /** An approval that takes longer is answered 503; what was checked by then is not checked again. */
  approval_timeout_ms: number;
  /** Addresses that one resource may be given; a bound for a runaway client. */
  max_uploads_per_resource: number;
  quarantine_hours: number;
  /** How long it is remembered that an address was given out. */
  upload_history_days: number;
};

export const default_media_settings: MediaSettings = {
  quarantine_bucket: 'quarantine',
  clean_bucket: 'clean',
  public_bucket: 'public',
  max_document_bytes: 10 * 1024 * 1024,
  inspections_at_once: 8,
  upload_expiry_s: 600,
  download_expiry_s: 60,
  approval_timeout_ms: 10_000,
  max_uploads_per_resource: 100,
  quarantine_hours: 24,
  upload_history_days: 90,
};
