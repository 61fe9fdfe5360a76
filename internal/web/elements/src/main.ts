import { Grid } from "./grid";
import { Keys } from "./keys";
import { Confirm, Progress, Toast } from "./live";
import { Marks } from "./marks";
import { Palette } from "./palette";
import { Passkey } from "./passkey";
import { Copy, Filter, Time } from "./small";
import { Stale } from "./stale";
import { ThemeSwitch, wearKept } from "./theme";
import { Upload } from "./upload";
import { Markdown } from "./write";

wearKept();

const elements: Record<string, CustomElementConstructor> = {
  confirm: Confirm, copy: Copy, filter: Filter, grid: Grid, keys: Keys, markdown: Markdown, marks: Marks, palette: Palette, passkey: Passkey,
  progress: Progress, stale: Stale, theme: ThemeSwitch, time: Time, toast: Toast, upload: Upload,
};
for (const [name, element] of Object.entries(elements)) customElements.define(`assay-${name}`, element);
