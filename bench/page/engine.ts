// Which browser this is, from what it says of itself. It must not know what is measured.

const BROWSERS: readonly (readonly [name: string, pattern: RegExp])[] = [
  ['Edge', /Edg\/([\d.]+)/],
  ['Firefox', /Firefox\/([\d.]+)/],
  ['Chromium', /(?:Headless)?Chrome\/([\d.]+)/],
  ['WebKit', /Version\/([\d.]+).*Safari/],
];

export function findBrowser(userAgent = navigator.userAgent): { readonly name: string; readonly version: string } {
  for (const [name, pattern] of BROWSERS) {
    const version = pattern.exec(userAgent)?.[1];
    if (version !== undefined) return { name, version };
  }
  return { name: 'browser', version: 'unknown' };
}
