/** Where open files go: a public bucket, or anything that keeps bytes under a name. */
export type PublicFiles = {
  /** Replaces; resolves when the bytes are durable. `name` is a path of safe segments below the reports' own prefix. */
  put(name: string, bytes: Uint8Array, content_type: string): Promise<void>;
  /** Where a name can be read by anyone. */
  url(name: string): string;
};

/** What of an object store is used; `Mcs['store']` is one. */
type ObjectStore = {
  put(input: { bucket: string; key: string; body: Uint8Array; content_type?: string }): Promise<unknown>;
};

/** The public bucket of an object store. `public_url` is where its keys can be read. */
export function filesInBucket(store: ObjectStore, options: { bucket: string; public_url: string }): PublicFiles {
  const keyOf = (name: string) => `reports/${name}`;
  return {
    put: async (name, bytes, content_type) => {
      await store.put({ bucket: options.bucket, key: keyOf(name), body: bytes, content_type });
    },
    url: (name) => `${options.public_url}/${options.bucket}/${keyOf(name)}`,
  };
}
