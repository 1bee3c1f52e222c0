// Tables that scroll sideways can be reached by keyboard; the theme wraps them when a page is shown.
const reachable = () => {
  for (const wrap of document.querySelectorAll(".md-typeset__scrollwrap")) wrap.tabIndex = 0;
};
new MutationObserver(reachable).observe(document, { childList: true, subtree: true });
reachable();
