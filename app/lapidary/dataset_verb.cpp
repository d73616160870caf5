// `lapidary dataset check | preview | make`: data sets before a run.
#include "app/lapidary/dataset_verbs.h"
#include "app/lapidary/verb_group.h"

namespace lapidary::app {

std::unique_ptr<Verb> makeDatasetVerb() {
    auto make = std::make_unique<VerbGroup>();
    make->add("cord-v2", "receipts (naver-clova-ix/cord-v2) as JSON lines and pictures", makeDatasetCopyVerb("cord_v2"));
    make->add("medpix", "radiology questions (mmoukouba/MedPix-VQA) as JSON lines and pictures", makeDatasetCopyVerb("medpix"));
    make->add("raven", "Raven's matrices (the_cauldron, subset raven) as JSON lines and pictures",
              makeDatasetCopyVerb("raven"));
    make->add("scenes", "questions about generated pictures, as the demo model learnt them", makeDatasetScenesVerb());

    auto dataset = std::make_unique<VerbGroup>();
    dataset->add("check", "read every row before a run and name those that cannot be used", makeDatasetCheckVerb());
    dataset->add("preview", "the exact tokens, labels and views of one sample", makeDatasetPreviewVerb());
    dataset->add("make", "write a data set", std::move(make));
    return dataset;
}

}  // namespace lapidary::app
