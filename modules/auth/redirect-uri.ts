/**
 * Whether a browser may be sent to this address with a code: absolute, http or https, without a fragment (RFC 6749
 * §3.1.2), without a user name that could pass for the host, in plain ASCII as a `Location` header needs it.
 */
export function isRedirectUri(text: string): boolean {
  if (!/^https?:\/\/[\x21-\x7e]{1,2000}$/.test(text) || /[#\\"<>]/.test(text)) return false;
  const url = URL.parse(text);
  return url !== null && url.username === '' && url.password === '' && url.hostname !== '';
}
