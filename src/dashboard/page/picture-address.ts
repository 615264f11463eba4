/** Addresses of recorded pictures. */

/** Returns the address of a picture of a list. Its number is its place in the list, so the same path is another picture when the list
 * changes. A browser shows a picture that it has under an address without asking again: the query, which servers ignore, makes the
 * addresses of different pictures differ.
 * @param what what identifies the picture, such as its tag and step */
export function pictureAddress(path: string, what: readonly (string | number)[]): string {
  return `data/${path}?${what.map((one) => encodeURIComponent(one)).join('-')}`;
}
