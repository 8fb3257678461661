/** The part of the package `smpp` that the tests' SMS centre uses; it comes without types. */
declare module 'smpp' {
  export type Pdu = {
    system_id: string;
    password: string;
    source_addr: string;
    destination_addr: string;
    short_message: { message: string; udh?: Buffer[] };
    response(fields?: Record<string, unknown>): Pdu;
  };
  export type Session = {
    on(command: string, handler: (pdu: Pdu) => void): void;
    send(pdu: Pdu): void;
    close(): void;
  };
  export type Server = {
    listen(port: number, host: string, listening: () => void): void;
    address(): { port: number };
    close(closed: () => void): void;
    sessions: Session[];
  };
  const smpp: {
    createServer(onSession: (session: Session) => void): Server;
    ESME_ROK: number;
    ESME_RBINDFAIL: number;
  };
  // biome-ignore lint/style/noDefaultExport: that is how the package exports
  export default smpp;
}
