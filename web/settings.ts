/** What the pages need to know of the server that serves them; at `/pages/settings.json`. */
export type PageSettings = {
  /** The client of these pages, the only one that may take a password. */
  login_client_id: string;
  /** On a developer's machine only: what the start page offers to try. */
  development?: {
    /** Path of the page that shows SMS and mails. */
    outbox: string;
    /** Path of a sign-in as the demo vendor's program would ask for it. */
    sign_in: string;
  };
};
