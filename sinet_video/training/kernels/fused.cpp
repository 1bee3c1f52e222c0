// The kernels of training on a CPU, as Python sees them. All are of float32. They are built as one
// unit, as torch's headers take most of the time.
#include <torch/csrc/utils/pybind.h>

#include "depthwise.h"
#include "norm_act.h"
#include "upsample.h"

PYBIND11_MODULE(TORCH_EXTENSION_NAME, m) {
  using NoGil = pybind11::call_guard<pybind11::gil_scoped_release>;
  m.attr("width") = WIDTH;
  m.def("norm_act", &norm_act, NoGil());
  m.def("depthwise", &depthwise, NoGil());
  m.def("upsample", &upsample, NoGil());
}
