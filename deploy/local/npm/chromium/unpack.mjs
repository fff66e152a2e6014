// Unpack the browser, its libraries and fonts into the folder that TMPDIR names: the package knows no other way.
import { inflate } from "@sparticuz/chromium";

for (const name of ["chromium.br", "al2023.tar.br", "fonts.tar.br", "swiftshader.tar.br"])
  await inflate(new URL(`node_modules/@sparticuz/chromium/bin/${name}`, import.meta.url).pathname);
