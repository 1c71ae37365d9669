/** Citations of the methods and attacks of a table, as BibTeX. */
import type { Comparison } from "./comparison.js";

/** Each once, in the order of their keys. Ends with a newline, or is empty where nothing is to be cited. */
export function bibtex({ columns, rows }: Comparison): string {
  const methods = columns.map(
    ({ networks, published }) => published?.records[0]?.method ?? networks[0]?.checkpoint.method,
  );
  const objectives = columns.map(
    ({ networks, published }) => published?.records[0]?.objective ?? networks[0]?.checkpoint.objective,
  );
  const attacks = rows.map(({ attack }) => attack.name);
  const keys = new Set([
    ...methods.flatMap((name) => (name === undefined ? [] : (byMethod.get(name) ?? []))),
    ...objectives.flatMap((name) => (name === undefined || name === null ? [] : (byObjective.get(name) ?? []))),
    ...byAttack.filter(({ pattern }) => attacks.some((name) => pattern.test(name))).flatMap(({ cites }) => cites),
  ]);
  return [...keys]
    .sort()
    .map((key) => entry(key, entries[key]))
    .join("\n");
}

interface Entry {
  readonly author: string;
  readonly title: string;
  readonly venue: string;
  readonly year: number;
  readonly kind: "inproceedings" | "article";
}

function entry(key: string, { author, title, venue, year, kind }: Entry): string {
  const place = kind === "article" ? "journal" : "booktitle";
  return `@${kind}{${key},\n  author = {${author}},\n  title = {{${title}}},\n  ${place} = {${venue}},\n  year = {${year}}\n}\n`;
}

const ICML = "International Conference on Machine Learning";
const ICLR = "International Conference on Learning Representations";
const NEURIPS = "Advances in Neural Information Processing Systems";
const AAAI = "AAAI Conference on Artificial Intelligence";

function paper(
  author: string,
  title: string,
  venue: string,
  year: number,
  kind: Entry["kind"] = "inproceedings",
): Entry {
  return { author, title, venue, year, kind };
}

const entries = {
  andriushchenko2020square: paper(
    "Andriushchenko, Maksym and Croce, Francesco and Flammarion, Nicolas and Hein, Matthias",
    "Square Attack: a query-efficient black-box adversarial attack via random search",
    "European Conference on Computer Vision",
    2020,
  ),
  bellec2018deep: paper(
    "Bellec, Guillaume and Kappel, David and Maass, Wolfgang and Legenstein, Robert",
    "Deep Rewiring: Training very sparse deep networks",
    ICLR,
    2018,
  ),
  brendel2019accurate: paper(
    "Brendel, Wieland and Rauber, Jonas and Kümmerer, Matthias and Ustyuzhaninov, Ivan and Bethge, Matthias",
    "Accurate, reliable and fast robustness evaluation",
    NEURIPS,
    2019,
  ),
  carlini2017towards: paper(
    "Carlini, Nicholas and Wagner, David",
    "Towards Evaluating the Robustness of Neural Networks",
    "IEEE Symposium on Security and Privacy",
    2017,
  ),
  carmon2019unlabeled: paper(
    "Carmon, Yair and Raghunathan, Aditi and Schmidt, Ludwig and Duchi, John C. and Liang, Percy",
    "Unlabeled Data Improves Adversarial Robustness",
    NEURIPS,
    2019,
  ),
  chen2022sparsity: paper(
    "Chen, Tianlong and Zhang, Zhenyu and Wang, Pengjun and Balachandra, Santosh and Ma, Haoyu and Wang, Zehao and Wang, Zhangyang",
    "Sparsity Winning Twice: Better Robust Generalization from More Efficient Training",
    ICLR,
    2022,
  ),
  croce2020minimally: paper(
    "Croce, Francesco and Hein, Matthias",
    "Minimally distorted Adversarial Examples with a Fast Adaptive Boundary Attack",
    ICML,
    2020,
  ),
  croce2020reliable: paper(
    "Croce, Francesco and Hein, Matthias",
    "Reliable evaluation of adversarial robustness with an ensemble of diverse parameter-free attacks",
    ICML,
    2020,
  ),
  evci2020rigging: paper(
    "Evci, Utku and Gale, Trevor and Menick, Jacob and Castro, Pablo Samuel and Elsen, Erich",
    "Rigging the Lottery: Making All Tickets Winners",
    ICML,
    2020,
  ),
  goodfellow2015explaining: paper(
    "Goodfellow, Ian J. and Shlens, Jonathon and Szegedy, Christian",
    "Explaining and Harnessing Adversarial Examples",
    ICLR,
    2015,
  ),
  han2015learning: paper(
    "Han, Song and Pool, Jeff and Tran, John and Dally, William J.",
    "Learning both Weights and Connections for Efficient Neural Networks",
    NEURIPS,
    2015,
  ),
  kurakin2017adversarial: paper(
    "Kurakin, Alexey and Goodfellow, Ian J. and Bengio, Samy",
    "Adversarial Machine Learning at Scale",
    ICLR,
    2017,
  ),
  lee2022masking: paper(
    "Lee, Byung-Kwan and Kim, Junho and Ro, Yong Man",
    "Masking Adversarial Damage: Finding Adversarial Saliency for Robust and Sparse Network",
    "IEEE/CVF Conference on Computer Vision and Pattern Recognition",
    2022,
  ),
  li2023learning: paper(
    "Li, Chen and Qiu, Qiang and Zhang, Zhibin and Guo, Jiafeng and Cheng, Xueqi",
    "Learning Adversarially Robust Sparse Networks via Weight Reparameterization",
    AAAI,
    2023,
  ),
  madry2018towards: paper(
    "Madry, Aleksander and Makelov, Aleksandar and Schmidt, Ludwig and Tsipras, Dimitris and Vladu, Adrian",
    "Towards Deep Learning Models Resistant to Adversarial Attacks",
    ICLR,
    2018,
  ),
  mocanu2018scalable: paper(
    "Mocanu, Decebal Constantin and Mocanu, Elena and Stone, Peter and Nguyen, Phuong H. and Gibescu, Madeleine and Liotta, Antonio",
    "Scalable training of artificial neural networks with adaptive sparse connectivity inspired by network science",
    "Nature Communications",
    2018,
    "article",
  ),
  ozdenizci2021training: paper(
    "Özdenizci, Ozan and Legenstein, Robert",
    "Training Adversarially Robust Sparse Networks via Bayesian Connectivity Sampling",
    ICML,
    2021,
  ),
  sehwag2020hydra: paper(
    "Sehwag, Vikash and Wang, Shiqi and Mittal, Prateek and Jana, Suman",
    "HYDRA: Pruning Adversarially Robust Neural Networks",
    NEURIPS,
    2020,
  ),
  wang2020improving: paper(
    "Wang, Yisen and Zou, Difan and Yi, Jinfeng and Bailey, James and Ma, Xingjun and Gu, Quanquan",
    "Improving Adversarial Robustness Requires Revisiting Misclassified Examples",
    ICLR,
    2020,
  ),
  ye2019adversarial: paper(
    "Ye, Shaokai and Xu, Kaidi and Liu, Sijia and Cheng, Hao and Lambrechts, Jan-Henrik and Zhang, Huan and Zhou, Aojun and Ma, Kaisheng and Wang, Yanzhi and Lin, Xue",
    "Adversarial Robustness vs. Model Compression, or Both?",
    "IEEE/CVF International Conference on Computer Vision",
    2019,
  ),
  zhang2019theoretically: paper(
    "Zhang, Hongyang and Yu, Yaodong and Jiao, Jiantao and Xing, Eric P. and El Ghaoui, Laurent and Jordan, Michael I.",
    "Theoretically Principled Trade-off between Robustness and Accuracy",
    ICML,
    2019,
  ),
  zhao2023holistic: paper("Zhao, Qi and Wressnegger, Christian", "Holistic Adversarially Robust Pruning", ICLR, 2023),
} as const satisfies Readonly<Record<string, Entry>>;

type Key = keyof typeof entries;

const byMethod: ReadonlyMap<string, readonly Key[]> = new Map<string, readonly Key[]>([
  ["bayes", ["ozdenizci2021training"]],
  ["deep-rewiring", ["bellec2018deep"]],
  ["set", ["mocanu2018scalable"]],
  ["rigl", ["evci2020rigging"]],
  ["flying-bird", ["chen2022sparsity"]],
  ["flying-bird-plus", ["chen2022sparsity"]],
  ["robust-bird", ["chen2022sparsity"]],
  ["hydra", ["sehwag2020hydra"]],
  ["lwm", ["han2015learning", "sehwag2020hydra"]],
  ["admm", ["ye2019adversarial"]],
  ["harp", ["zhao2023holistic"]],
  ["twinrep", ["li2023learning"]],
  ["mad", ["lee2022masking"]],
]);

const byObjective: ReadonlyMap<string, readonly Key[]> = new Map<string, readonly Key[]>([
  ["at", ["madry2018towards"]],
  ["mat", ["kurakin2017adversarial"]],
  ["trades", ["zhang2019theoretically"]],
  ["mart", ["wang2020improving"]],
  ["rst", ["carmon2019unlabeled"]],
]);

const byAttack: readonly { readonly pattern: RegExp; readonly cites: readonly Key[] }[] = [
  { pattern: /^fgsm/, cites: ["goodfellow2015explaining"] },
  { pattern: /^pgd\d/, cites: ["madry2018towards"] },
  { pattern: /^cw/, cites: ["carlini2017towards", "madry2018towards"] },
  { pattern: /apgd/, cites: ["croce2020reliable"] },
  { pattern: /fab/, cites: ["croce2020minimally"] },
  { pattern: /square/, cites: ["andriushchenko2020square"] },
  { pattern: /^bb/, cites: ["brendel2019accurate"] },
  {
    pattern: /^aa/,
    cites: ["croce2020reliable", "croce2020minimally", "andriushchenko2020square"],
  },
];
