// The table of one target's kernels, which is all that the rest of the program sees of them.
#include "vec.h"

#define SR_TEXT_(x) #x
#define SR_TEXT(x) SR_TEXT_(x)

namespace sparse_robust {
namespace SR_TARGET {

void sparseConv(const ConvCall& call);
void directConv(const ConvCall& call);
void winogradConv(const ConvCall& call);
void weightGradient(const WeightGradientCall& call);

}  // namespace SR_TARGET

const Kernels SR_JOIN(kernels_, SR_TARGET) = {
    SR_TEXT(SR_TARGET),
    SR_TARGET::sparseConv,
    SR_TARGET::directConv,
    SR_TARGET::winogradConv,
    SR_TARGET::weightGradient,
};

}  // namespace sparse_robust
