import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';

const by_code: Record<string, [status: number, code: string, title: string]> = {
  HPE_HEADER_OVERFLOW: [431, 'headers_too_large', 'The headers are larger than this server reads.'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'request_timeout', 'The request did not arrive in time.'],
};

/** What cannot be read as HTTP reaches no route: it is answered here, like any other problem, and the connection ends. */
export function answerUnreadable(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return;
  const [status, code, title] = by_code[error.code ?? ''] ?? [
    400,
    'request_malformed',
    'The request is not well-formed HTTP.',
  ];
  const body = JSON.stringify({ type: 'about:blank', title, status, code });
  socket.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      'Content-Type: application/problem+json; charset=utf-8',
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  );
}
