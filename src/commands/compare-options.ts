/** The options of `compare`. */
import { figureNames } from "../report/figure-names.js";
import { layoutNames } from "../report/layouts.js";
import { choice, count, names, text, toggle } from "./options.js";
import { everyCommand } from "./shared-options.js";

const forFiles = { argument: "FILE", changesResult: false } as const;

export const compareOptions = {
  ...everyCommand,
  baseline: text({
    argument: "NAME",
    help: "measure the others against these results: a record file, a run or a method, looked up in that order",
  }),
  layout: choice(layoutNames, {
    argument: "NAME",
    help: "how to lay the table out",
    defaultText: "poster; results for csv and json",
  }),
  columns: names({
    argument: "LIST",
    help: "facts and attacks to show, in that order: density, kept, multiplyAdds, bytes, hours, gradients, pgd50 …; p-values are corrected over the tests shown",
    defaultText: "the usual ones",
  }),
  sortBy: text({
    argument: "NAME",
    help: "attack or fact a leaderboard is sorted by",
    defaultText: "the strongest attack",
  }),
  digits: count({
    argument: "N",
    help: "decimals of percentages",
    atMost: 10,
    defaultText: "1, from 10,000 samples 2",
  }),
  published: names({
    argument: "LIST",
    help: "put published numbers beside ours: sources (poster, hydra, …), methods (harp, …) or all",
    defaultText: "none",
  }),
  mixed: toggle({
    help: "give results of one name but other recipes or images rows of their own instead of refusing them",
  }),
  format: choice(["md", "csv", "json", "html", "latex"], {
    argument: "FORM",
    help: "how to write the table; html is a page with figures and recipes, one file",
    defaultText: "by the ending of --out: .csv, .json, .html, .tex; else md",
  }),
  out: text({ ...forFiles, help: "write the table there; standard output stays empty" }),
  plot: text({ ...forFiles, help: "draw a figure there, as SVG or PNG by the name's ending" }),
  figure: choice(figureNames, {
    argument: "NAME",
    help: "what --plot draws: accuracy over density or ε, attacks beside each other, training curves, layer densities",
    defaultText: "the first there are numbers for",
  }),
  exportTensorboard: text({
    argument: "DIR",
    help: "write the training runs there as TensorBoard event files",
    changesResult: false,
  }),
  bibtex: toggle({ help: "print the citations of the methods and attacks in the table instead of it" }),
  failIf: text({
    argument: "EXPR",
    help: "exit with 1 where this holds for any network but the baseline: 'pgd50 < baseline - 0.5pp'",
  }),
  junit: text({ ...forFiles, help: "write the verdict of --fail-if there, as JUnit XML" }),
  stepSummary: toggle({ help: "append the table to $GITHUB_STEP_SUMMARY", changesResult: false }),
};
