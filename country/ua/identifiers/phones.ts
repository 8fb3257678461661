/** Whether the text is a Ukrainian telephone number in the one form that the platform keeps: `+380XXXXXXXXX`. */
export function isValidPhone(text: string): boolean {
  return /^\+380[0-9]{9}$/.test(text);
}

/** The number as a patient may see it in an answer: `+380931234585` → `+38093*****85`. A text of another form shows nothing. */
export function maskPhone(number: string): string {
  return isValidPhone(number) ? `${number.slice(0, 6)}*****${number.slice(-2)}` : '*'.repeat(number.length);
}
