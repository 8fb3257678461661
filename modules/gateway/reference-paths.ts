const reference_path = /^\/(?:api|oauth|admin|user|users|reports|declarations)(?:[/?]|$)/;

/** Whether errors of this path wear the reference's envelope (design.md, Errors). */
export function isReferencePath(url: string): boolean {
  return reference_path.test(url);
}
