// Whether a drawing is XML: what a browser forgives in a page it does not forgive in a file.

import { expect } from 'vitest';

/** As XML: every element closed in its order, every attribute quoted, no stray `&`. @returns the names of the elements */
export function checkXml(text: string): string[] {
  const open: string[] = [];
  const names: string[] = [];
  const withoutTags = text.replace(
    /<(\/?)([a-zA-Z][\w-]*)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>/g,
    (_all, end, name, _attributes, single) => {
      if (end) expect(open.pop()).toBe(name);
      else {
        names.push(name);
        if (!single) open.push(name);
      }
      return '';
    },
  );
  expect(open).toEqual([]);
  expect(withoutTags).not.toMatch(/<[a-z/]/i);
  expect(text).not.toMatch(/&(?!#\d+;|\w+;)/);
  return names;
}

export const svgsOf = (html: string) => html.match(/<svg[\s\S]*?<\/svg>/g) ?? [];
