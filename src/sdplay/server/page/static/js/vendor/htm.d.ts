type Html = (strings: TemplateStringsArray, ...values: any[]) => any;
export const htm: { bind(h: (...args: any[]) => any): Html };
