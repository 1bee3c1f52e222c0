// The kernels of training on a CPU, as Python sees them. All are of float32.
#include <torch/extension.h>

#include "rows.h"

PYBIND11_MODULE(TORCH_EXTENSION_NAME, m) {
  using NoGil = pybind11::call_guard<pybind11::gil_scoped_release>;
  m.attr("width") = WIDTH;
  m.def("norm_act", &norm_act, NoGil());
  m.def("depthwise", &depthwise, NoGil());
  m.def("upsample", &upsample, NoGil());
}
